#pragma once

#include <lariat/sched/thread/detail/fork_listener.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

namespace lariat {

class context;

namespace detail {
class lane_workers;
class thread_operation;
class call_chain;
}  // namespace detail

/// How many threads a lane has, and how long they stay.
struct lane_options {
  /// The most threads at a time. 0: four more than the CPUs that the process may use, by its
  /// affinity mask and its cgroup's quota, but at most 32.
  unsigned threads_max = 0;
  /// How long a thread may be idle before it ends.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(10);
  /// The longest time that an idle thread looks for work before it sleeps; waking it costs tens of
  /// microseconds. It looks for less time if it seldom finds any, and only one thread does so at a
  /// time. With only one CPU it yields a few times instead.
  std::chrono::nanoseconds spin = std::chrono::microseconds(50);
  /// How many calls may wait while all threads are busy; the next one is refused by an error, so
  /// that an overloaded service can say so at once. By default there is no bound: callers stay
  /// suspended until their turn, in order of arrival, which holds them back and costs no memory.
  std::size_t queue_max = std::numeric_limits<std::size_t>::max();
};

/// A lane's current load, and its number of calls.
struct lane_metrics {
  unsigned threads = 0;       ///< Threads that exist.
  unsigned idle = 0;          ///< How many of them sleep.
  std::size_t queued = 0;     ///< Calls that wait for a thread.
  std::uint64_t calls = 0;    ///< Calls that were started, ever.
  std::uint64_t refused = 0;  ///< Calls that found `queue_max` others waiting, ever.
};

/// Threads for one kind of blocking work, so that it cannot starve another kind.
///
/// Threads start on demand, up to the limit, and end when they are idle; top shows them as NAME/0,
/// NAME/1 and so on. A call goes to the thread that went idle last. When all are busy callers stay
/// suspended and are served in order of arrival. The queue is linked through the suspended callers
/// themselves, so it allocates nothing and needs no bound; `queue_max` gives it one. A forked child
/// has none of the threads; it starts its own.
///
/// \par Threads
/// Any loop on any thread may use a lane.
class lane {
 public:
  /// Starts no thread. Threads are named `name`/NUMBER, with `name` cut so that the whole fits into
  /// the 15 characters that the kernel takes.
  explicit lane(std::string name, lane_options options = {});
  lane(const lane&) = delete;
  lane& operator=(const lane&) = delete;

  /// Runs the calls that are still queued, waits for those that run, and joins the threads.
  /// \pre Only functions that run on this lane still submit calls to it.
  ~lane();

  /// The name that it was made with.
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] unsigned threads_max() const noexcept;
  [[nodiscard]] std::size_t queue_max() const noexcept;

  /// \par Threads
  /// Any thread.
  [[nodiscard]] lane_metrics metrics() const noexcept;

  /// The lane that this thread belongs to; null on other threads.
  [[nodiscard]] static lane* current() noexcept;

  /// The task on whose behalf this thread runs a function, for names in reports. Null on other
  /// threads, and in calls that their task may abandon.
  [[nodiscard]] static const context* current_task() noexcept;

  /// Queues `call` for a thread. The call must live until it was withdrawn or handed back, or, if
  /// its task abandons it, until a thread has started it. Any thread.
  ///
  /// False, and nothing is done, if that would be a deadlock: this is a thread of the same lane,
  /// and all others wait for calls to the lane too, so that none is left to run them. A call that
  /// finds `queue_max` others waiting is handed back with that error.
  [[nodiscard]] bool submit(detail::thread_operation& call) noexcept;

  /// Queues several calls at once, from a thread that is not one of the lane's. Each must live for
  /// as long as above.
  /// \pre The lane has no `queue_max`.
  void submit(detail::call_chain& calls) noexcept;

  /// Takes `call` out of the queue. False if it has been started, or was not queued. Any thread.
  [[nodiscard]] bool withdraw(detail::thread_operation& call) noexcept;

  /// Called by a thread of a lane with a `queue_max` before it hands a call back.
  void call_ended() noexcept;

  /// Called by a thread of this lane when a call that it has submitted to the lane has ended.
  void nested_call_ended() noexcept;

 private:
  friend class blocking_pool;

  /// Prepares the lane of the process's pool, which is never destroyed. \pre It has not been used.
  void live_for_ever() noexcept;
  static void after_fork(void* self) noexcept;

  std::unique_ptr<detail::lane_workers> workers_;
  detail::fork_listener forks_{{.in_child = &after_fork}, this};
};

}  // namespace lariat
