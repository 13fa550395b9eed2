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
  /// 0: one for each CPU that the process may use, by its affinity mask and its cgroup's quota. At
  /// most `pool::workers_max`. There are fewer if the system gives no more threads.
  unsigned workers = 0;
  /// Binds each worker to a CPU of its own, in order of the affinity mask.
  bool pin = false;
  /// How long an idle worker looks for work before it sleeps; waking it costs tens of microseconds.
  /// If there are more workers than CPUs they yield a few times instead.
  std::chrono::nanoseconds spin = std::chrono::microseconds(50);
};

/// What a pool does now.
struct pool_metrics {
  std::size_t workers = 0;   ///< 0 until it is first used.
  std::size_t sleeping = 0;  ///< How many of them sleep.
};

/// Workers that compute in parallel and steal work from each other; see `to_pool`, `fork_task` and
/// the parallel algorithms. Not for calls that block: a blocked worker cannot compute.
///
/// A runtime owns a pool, which its loops share. A loop without a runtime, and plain threads, use
/// the process's pool, which is never destroyed. Workers are started by the first use; idle workers
/// take no CPU time. A forked child starts workers of its own; what was queued or running stays
/// with the parent.
///
/// \par Threads
/// Any thread.
class pool final : public executor {
 public:
  static constexpr unsigned workers_max = 4096;  ///< The most that one pool may have.

  /// Starts no thread. Threads are named NAME/0, NAME/1 and so on.
  /// \throws std::invalid_argument for more than `workers_max` workers, or a negative `spin`.
  explicit pool(pool_options options = {}, std::string name = "pool");
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  /// Runs the steps that were posted, and joins the threads.
  /// \pre Nothing is posted any more, but by what runs on the pool.
  ~pool();

  /// The pool of `where`; the process's pool if it was given none.
  [[nodiscard]] static pool& of(const loop& where);

  /// The pool that `task` runs on, otherwise that of its loop.
  [[nodiscard]] static pool& of(const context& task);

  /// The pool that this thread is a worker of; otherwise that of the loop that runs on it;
  /// otherwise the process's pool.
  [[nodiscard]] static pool& current();

  /// The task on whose behalf this worker runs: for names in reports. Null on other threads.
  [[nodiscard]] static const context* current_task() noexcept;

  /// Queues `step`. Steps are taken in order of arrival, by whichever worker is free. Ends the
  /// program if no thread can be started; call `start` before to get an exception instead.
  void post(runnable& step) noexcept override;

  /// Starts the workers, if they have not been started.
  /// \throws std::system_error if no thread can be started.
  void start();

  /// What it does now.
  [[nodiscard]] pool_metrics metrics() const noexcept;

  /// The name that it was made with.
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
  std::atomic<detail::pool_core*> running_{nullptr};  // Equal to `core_` once that exists.
  detail::fork_listener forks_{{.in_child = &after_fork}, this};
};

}  // namespace lariat
