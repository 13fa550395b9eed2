#pragma once

#include <lariat/sched/executor/detail/inbox.hpp>
#include <lariat/sched/executor/detail/run_queue.hpp>
#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/pool/detail/parking.hpp>
#include <lariat/sched/pool/detail/pool_worker.hpp>
#include <lariat/sched/thread/clock.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace lariat {
class pool;
struct pool_options;
}  // namespace lariat

namespace lariat::detail {

/// The workers of a pool and what they share: the queue of posted steps, and the record of which
/// workers search for work and which sleep. Protocols: sched/README.md, "Pool", "Parking" and
/// "Waiting".
class pool_core {
 public:
  /// Makes the workers and starts their threads.
  /// \throws std::system_error if no thread could be started. It is no error if only some could.
  pool_core(pool& owner, const pool_options& options);

  /// Makes a core of one worker without a thread, for `run_here`.
  explicit pool_core(pool& owner);
  pool_core(const pool_core&) = delete;
  pool_core& operator=(const pool_core&) = delete;

  /// Runs the steps that are queued, and joins the threads.
  ~pool_core();

  /// Called instead of the destructor in a forked child, which has none of the threads.
  void leave_behind() noexcept;

  /// Queues `step` behind those that were posted before, and wakes a worker if none searches. Any
  /// thread.
  void post(runnable& step) noexcept;

  /// Runs `step` and all that it forks on this thread, as the worker of a core without threads.
  /// Only one thread may use such a core.
  void run_here(runnable& step) noexcept;

  /// Called after work was added: wakes a worker, unless one is searching for work already.
  void wake_one() noexcept;

  /// Waits for a call to this pool, on `self`, a worker of this pool whose function makes that
  /// call: runs `job`, then takes part in work of the call that others have stolen, until `done` is
  /// set.
  /// \param scope Identifies the call.
  /// \param done Another thread that sets it has to wake the worker's parker afterwards.
  void run_nested(pool_worker& self, runnable& job, const fork_scope& scope,
                  const std::atomic<bool>& done) noexcept;

  [[nodiscard]] pool& owner() const noexcept { return owner_; }
  [[nodiscard]] std::size_t size() const noexcept { return workers_.size(); }
  [[nodiscard]] std::size_t sleeping() const noexcept { return parking_.sleeping(); }

 private:
  using parking = basic_parking<std::vector<pool_worker*>, std::atomic<std::uint32_t>, std::mutex,
                                deque_fences>;
  class sweep;
  void start_threads();
  void run(pool_worker& self) noexcept;
  [[nodiscard]] bool run_one(pool_worker& self, const std::atomic<bool>& done) noexcept;
  [[nodiscard]] bool run_injected() noexcept;
  [[nodiscard]] bool run_forked(pool_worker& self, sweep& victims, clock_ns now) noexcept;
  void sleep(pool_worker& self, const std::atomic<bool>& done) noexcept;
  void run_stolen(pool_worker& self, void* child) noexcept;
  [[nodiscard]] runnable* take_injected() noexcept;
  [[nodiscard]] bool anything_visible() const noexcept;
  static void wake(pool_worker* sleeper) noexcept;

  pool& owner_;
  std::vector<std::unique_ptr<pool_worker>> workers_;
  std::vector<std::thread> threads_;
  clock_ns spin_ns_;
  bool pin_;
  // There are more workers than CPUs, or only one CPU, so spinning keeps other threads from
  // running.
  bool crowded_;

  std::mutex injected_mutex_;
  run_queue injected_;
  parking parking_;
  std::atomic<bool> stopping_{false};
  pool_core* left_before_ = nullptr;

  // Threads that post write to this, so it shares no cache line with the members above.
  alignas(64) inbox arriving_;
  std::atomic<bool> left_over_{false};  // Whether `injected_` holds steps.
};

}  // namespace lariat::detail
