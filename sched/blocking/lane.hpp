#pragma once

#include <lariat/sched/thread/detail/fork_listener.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace lariat {

class context;

namespace detail {
class thread_operation;
class call_chain;
}  // namespace detail

/// How many threads a lane has, and how long they stay.
struct lane_options {
  unsigned threads_max = 0;  ///< 0: as many as the CPUs of the affinity mask and 4, at most 32.
  /// A thread that has had nothing to do for so long ends.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(10);
  /// One idle thread looks for work so long, less if it seldom finds any, before it sleeps. Waking
  /// it costs tens of microseconds. With only one CPU it yields a few times instead.
  std::chrono::nanoseconds spin = std::chrono::microseconds(50);
};

/// What a lane does now, and has done.
struct lane_metrics {
  unsigned threads = 0;     ///< Threads that exist.
  unsigned idle = 0;        ///< Those of them that sleep.
  std::size_t queued = 0;   ///< Calls that wait for a thread.
  std::uint64_t calls = 0;  ///< Calls that were started, ever.
};

/// Threads for one kind of blocking work, so that it cannot starve another kind.
///
/// Threads start on demand, up to the limit, and end when they are idle; top shows them as NAME/0,
/// NAME/1 and so on. A call goes to the thread that went idle last. When all are busy callers
/// stay suspended and are served in order of arrival. The queue is linked through the suspended
/// callers themselves: there is nothing in it that could grow, so it needs no bound of its own.
/// A forked child has none of the threads; it starts its own.
///
/// \par Threads
/// Any loop on any thread may use a lane.
class lane {
 public:
  /// No thread is started yet. Threads are named `name`, cut to what the kernel takes.
  explicit lane(std::string name, lane_options options = {});
  lane(const lane&) = delete;
  lane& operator=(const lane&) = delete;

  /// Runs what is still queued, waits for what runs, and joins the threads.
  /// \pre Nothing is submitted any more, but by functions that run here.
  ~lane();

  /// What it was made with.
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] unsigned threads_max() const noexcept;

  /// \par Threads
  /// Any thread.
  [[nodiscard]] lane_metrics metrics() const noexcept;

  /// The lane that this thread belongs to; null on other threads.
  [[nodiscard]] static lane* current() noexcept;

  /// The task on whose behalf this thread runs a function: for names in reports. Null on other
  /// threads, and in calls that their task may abandon.
  [[nodiscard]] static const context* current_task() noexcept;

  /// Queues `call` for a thread. It must live until it has handed back or was withdrawn.
  ///
  /// False, and nothing is done, if that would be a deadlock: this is a thread of the same lane,
  /// and all others wait for calls to the lane too, so that none is left to run them.
  [[nodiscard]] bool submit(detail::thread_operation& call) noexcept;

  /// Queues several calls at once, which none of the lane's threads makes. They must live as above.
  void submit(detail::call_chain& calls) noexcept;

  /// Takes `call` out of the queue. False if it has been started, or was not queued.
  [[nodiscard]] bool withdraw(detail::thread_operation& call) noexcept;

  /// Tells that a call which this thread, one of the lane's, submitted has come to its end.
  void nested_call_ended() noexcept;

 private:
  friend class blocking_pool;
  class workers;

  /// It is never destroyed: of the process's pool. \pre It has not been used.
  void live_for_ever() noexcept;
  static void after_fork(void* self) noexcept;

  std::unique_ptr<workers> workers_;
  detail::fork_listener forks_{{.in_child = &after_fork}, this};
};

}  // namespace lariat
