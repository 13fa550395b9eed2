#pragma once

#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/thread/detail/fork_listener.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

namespace lariat {

class context;
class loop;

namespace detail {
class pool_core;
}  // namespace detail

/// How many workers a pool has, and how they wait.
struct pool_options {
  /// 0: as many as CPUs that the process may use, by its affinity mask and its cgroup's quota. At
  /// most `pool::workers_max`. Fewer are there if the system gives no more threads.
  unsigned workers = 0;
  /// Binds each worker to a CPU of its own, in order of the affinity mask.
  bool pin = false;
  /// A worker that has nothing to do looks for work so long before it sleeps: waking it costs tens
  /// of microseconds. With more workers than CPUs they yield a few times instead.
  std::chrono::nanoseconds spin = std::chrono::microseconds(50);
};

/// What a pool does now.
struct pool_metrics {
  std::size_t workers = 0;   ///< 0 until it is first used.
  std::size_t sleeping = 0;  ///< Those of them that sleep.
};

/// Workers that compute in parallel and steal work from each other; see `to_pool`, `fork_task` and
/// the parallel algorithms. Not for calls that block: a worker that blocks is missing.
///
/// A runtime owns one, which its loops share; a loop without a runtime, and plain threads, use the
/// process's, which stays to the very end. Workers are started by the first use; idle ones take no
/// CPU time. A forked child starts its own; what was queued or under way stays with the parent.
///
/// \par Threads
/// Any thread.
class pool final : public executor {
 public:
  static constexpr unsigned workers_max = 4096;  ///< Of one pool.

  /// Starts no thread. Threads are named NAME/0, NAME/1 and so on.
  /// \throws std::invalid_argument for more workers than that, or a negative time.
  explicit pool(pool_options options = {}, std::string name = "pool");
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  /// Runs what was given to it, and joins the threads.
  /// \pre Nobody gives it anything any more, but what runs here.
  ~pool();

  /// The pool of `where`, and if it was given none the process's.
  [[nodiscard]] static pool& of(const loop& where);

  /// The pool that `task` runs on, otherwise that of its loop.
  [[nodiscard]] static pool& of(const context& task);

  /// The pool that this thread is a worker of; otherwise that of the loop that runs here; otherwise
  /// the process's.
  [[nodiscard]] static pool& current();

  /// The task on whose behalf this worker runs: for names in reports. Null on other threads.
  [[nodiscard]] static const context* current_task() noexcept;

  /// Queues `step`. Steps are taken in order of arrival, by whichever worker is free. Ends the
  /// program if no thread can be started; `start` before tells.
  void post(runnable& step) noexcept override;

  /// Starts the workers, if they are not yet.
  /// \throws std::system_error if no thread can be started.
  void start();

  /// What it does now.
  [[nodiscard]] pool_metrics metrics() const noexcept;

  /// What it was made with.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// How many workers it has, or is going to have.
  [[nodiscard]] std::size_t workers() const noexcept;

 private:
  [[nodiscard]] detail::pool_core& core();
  static void after_fork(void* self) noexcept;

  pool_options options_;
  std::string name_;
  std::mutex starting_;
  std::unique_ptr<detail::pool_core> core_;
  std::atomic<detail::pool_core*> running_{nullptr};  // The same, once it is there.
  detail::fork_listener forks_{{.in_child = &after_fork}, this};
};

}  // namespace lariat
