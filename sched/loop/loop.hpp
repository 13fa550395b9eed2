#pragma once

#include <lariat/sched/executor/detail/inbox.hpp>
#include <lariat/sched/executor/detail/outstanding_work.hpp>
#include <lariat/sched/executor/detail/ready_levels.hpp>
#include <lariat/sched/executor/detail/run_queue.hpp>
#include <lariat/sched/executor/detail/timer_wheel.hpp>
#include <lariat/sched/executor/driver.hpp>
#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/detail/failure_sink.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

namespace lariat {

class blocking_pool;
class pool;

namespace detail {
class loop_monitor;
class thread_substitute;
}  // namespace detail

/// A loop's report of a task that failed and that nobody awaited.
class unhandled_failure {
 public:
  unhandled_failure(const context& task, std::exception_ptr error) noexcept
      : task_(task), error_(std::move(error)) {}
  [[nodiscard]] const context& task() const noexcept { return task_; }
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }

 private:
  const context& task_;
  std::exception_ptr error_;
};

/// Limits of one turn, and of the spin before a loop sleeps.
struct loop_limits {
  std::uint32_t steps = 256;   ///< Ready steps before the loop looks at I/O and timers.
  clock_ns turn_ns = 500'000;  ///< The same as a time, from the 16th step; checked every 16 steps.
  clock_ns spin_ns = 0;        ///< How long to spin before each sleep. Off by default.
  /// How long to spin before the first sleep after a call was given to a thread: the result of a
  /// short call comes sooner than the loop could fall asleep and be woken. Negative: 50 us, or,
  /// with one CPU, a few yields instead.
  clock_ns handoff_spin_ns = -1;
};

/// One thread's scheduler: ready tasks, timers, the inbox of other threads, and a driver.
///
/// Each turn runs ready steps up to the limits, takes the inbox, lets the driver submit and collect
/// (or sleep, if nothing is ready), then queues the timers that are due. Tasks that are always
/// ready delay I/O, timers and other threads' posts by `limits.steps` steps at most;
/// `limits.turn_ns` is looked at every 16 steps.
///
/// \par Threads
/// One thread runs it. Other threads may call only `post`, `announce` and `report`. A posted step
/// is certain to be run only while a task lives on the loop, or if the step was announced.
class loop final : public executor {
 public:
  /// `where` must outlive the loop.
  explicit loop(lariat::driver& where, loop_limits limits = {});
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;
  ~loop();

  /// The loop that runs on this thread, or null.
  [[nodiscard]] static loop* current() noexcept;

  /// The same, but it must exist: `operation`, the name of what needs it, is in the error's text.
  /// \throws std::logic_error if no loop runs on this thread.
  [[nodiscard]] static loop& require(const char* operation);

  /// Runs until `done` is true; a step that runs here sets it.
  /// \throws std::logic_error if a loop already runs on this thread.
  void run_until(const bool& done);

  /// Queues a step behind those that are ready. On the loop's thread only.
  void ready(runnable& step) noexcept { ready_.push(step); }

  /// Whether a step is queued.
  [[nodiscard]] bool has_ready() const noexcept {
    return !ready_.empty() || (levels_ && !levels_->empty());
  }

  /// From now on steps run in the order of their tasks' priorities. On the loop's thread.
  void use_priorities() noexcept;

  /// Runs a task's first step at once, inside the step that runs now. False, and nothing is done,
  /// if so many are nested in each other already that the stack may end.
  [[nodiscard]] bool run_nested(context& task) noexcept;

  void post(runnable& step) noexcept override;

  /// Counts an await that did not suspend; true for every 128th, which has to go through the ready
  /// queue all the same. A task whose awaits are always ready would otherwise starve the others.
  [[nodiscard]] bool spend_budget() noexcept { return ++inline_steps_ % inline_max == 0; }

  /// The driver's clock, read now.
  [[nodiscard]] clock_ns now() noexcept { return driver_.now(); }

  /// A random number: from the driver of the loop that runs on this thread, so that a simulation
  /// can be repeated; from the system if no loop runs, or its driver has none.
  [[nodiscard]] static std::uint64_t random() noexcept;

  /// The driver's clock as read in this turn; its coarse clock while there are no timers.
  [[nodiscard]] clock_ns turn_time() const noexcept { return turn_time_; }

  [[nodiscard]] detail::timer_wheel& timers() noexcept { return timers_; }
  [[nodiscard]] lariat::driver& driver() noexcept { return driver_; }

  /// The task that runs now; null between tasks, and in steps that belong to no task.
  [[nodiscard]] context* running() const noexcept { return running_; }

  /// Sets it until the end of the step. Called by every step that runs a task: its context's first
  /// run, the operation that resumes it, and, for a task on a pool, the steps that are carried out
  /// for it here.
  void set_running(context& task) noexcept { running_ = &task; }

  /// How many tasks and combinators' children live here.
  [[nodiscard]] std::size_t live() const noexcept { return live_; }

  /// Turns so far, by which a task can tell whether the loop has gone round.
  [[nodiscard]] std::uint64_t turns() const noexcept { return turns_; }

  /// Calls `visit(const context&)` for each live context, oldest first. On the loop's thread.
  template <class Visit>
  void for_each_task(Visit visit) {
    for (context* each = first_; each != nullptr;) {
      context* next = each->next_;
      visit(*each);
      each = next;
    }
  }

  /// Cancels every task but the children of combinators, to which their parents pass the cancel on.
  void cancel_all(std::string_view reason) noexcept;

  /// Cancels every task that lives here, and from now on every task that starts here. On the loop's
  /// thread, also while the loop does not run.
  void close(std::string_view reason) noexcept;

  /// True while the loop is closed and no task lives on it: the condition to `run_until` at the
  /// end, if the loop shares its work with no others.
  [[nodiscard]] const bool& drained() const noexcept { return drained_; }

  /// Makes the loop one of several that end together; it holds one unit of `work`. Called before
  /// the loop runs.
  void share_work(detail::outstanding_work& work) noexcept { work_ = &work; }

  /// Announces a step before it is posted, so that the loop does not end before it arrives; the
  /// step calls `arrived`. False if the step is refused: once the loops that share this one's work
  /// are closed only their own tasks may announce, and once they have ended nobody may.
  [[nodiscard]] bool announce() noexcept;
  void arrived() noexcept {
    if (work_ != nullptr) work_->remove();
  }

  /// `post` for a signal handler, which may have interrupted this very loop. `step` must not be
  /// queued already.
  void post_from_signal(runnable& step) noexcept;

  /// Sets the function that is told of failures that nobody awaited. Null: they are printed.
  using failure_hook = detail::failure_sink::hook;
  void on_failure(failure_hook hook, void* state) noexcept { failures_->set(hook, state); }
  void report(const unhandled_failure& failure) noexcept { failures_->report(failure); }
  [[nodiscard]] const std::shared_ptr<detail::failure_sink>& failures() const noexcept {
    return failures_;
  }

  /// Counts the threads that work for this loop's tasks. After a new one the loop spins before it
  /// sleeps.
  void expect_handoff(int change) noexcept {
    handoffs_ += change;
    new_handoff_ |= change > 0;
  }

  /// Whether there are so many that their results are better taken several at a time.
  [[nodiscard]] bool many_handoffs() const noexcept { return handoffs_ >= many_handoffs_min; }

  /// How many threads work for its tasks, in `to_thread` and `to_pool`.
  [[nodiscard]] int handoffs() const noexcept { return handoffs_; }

  /// Sets the monitor that is asked before each sleep that only the kernel or another thread can
  /// end, and that is told of tasks that come too late. Null: none. It must outlive the loop's
  /// runs.
  void monitor_by(detail::loop_monitor* monitor) noexcept { monitor_ = monitor; }

  /// The pool for calls of `to_thread` by the loop's tasks. Null: the process's pool. It must
  /// outlive the loop's run.
  [[nodiscard]] blocking_pool* blocking() const noexcept { return blocking_; }
  void set_blocking(blocking_pool* pool) noexcept { blocking_ = pool; }

  /// The same for calls of `to_pool`.
  [[nodiscard]] lariat::pool* computing() const noexcept { return computing_; }
  void set_computing(lariat::pool* pool) noexcept { computing_ = pool; }

  /// What runs both kinds of calls in a simulation, which has no threads; otherwise null.
  [[nodiscard]] detail::thread_substitute* threads() const noexcept { return threads_; }
  void set_threads(detail::thread_substitute* substitute) noexcept { threads_ = substitute; }

  /// Whether LARIAT_DEBUG=1 was set when it was made.
  [[nodiscard]] bool debugged() const noexcept { return debugged_; }

  /// The context that coroutines which are no lariat tasks share.
  [[nodiscard]] context& foreign_context() noexcept;

  /// Whether `address` lies on this thread's stack below the frame that runs this loop.
  [[nodiscard]] bool in_frame_below(const void* address) noexcept;

 private:
  friend class context;
  class ambient;  // The foreign context.
  void enter(context& task) noexcept;
  void leave(context& task) noexcept;
  void enter_closed(context& task) noexcept;
  void give_up_work() noexcept;
  void turn(const bool& done) noexcept;
  void run_ready(const bool& done) noexcept;
  void run_levels(const bool& done) noexcept;
  void sleep() noexcept;
  void park() noexcept;
  [[nodiscard]] bool spin(clock_ns limit) noexcept;
  [[nodiscard]] bool yield_to_threads() noexcept;

  // First the members that every step and every await uses.
  detail::run_queue ready_;
  lariat::driver& driver_;
  clock_ns turn_time_;
  context* running_ = nullptr;
  loop_limits limits_;
  std::uint64_t turns_ = 0;
  std::uint32_t inline_steps_ = 0;
  int handoffs_ = 0;
  bool new_handoff_ = false;
  bool one_cpu_;
  std::uint32_t wakes_due_ = 0;
  blocking_pool* blocking_ = nullptr;
  lariat::pool* computing_ = nullptr;
  detail::thread_substitute* threads_ = nullptr;
  detail::loop_monitor* monitor_ = nullptr;
  context* first_ = nullptr;
  context* last_ = nullptr;
  std::size_t live_ = 0;
  bool closed_ = false;
  const bool debugged_;
  bool gave_up_work_ = false;  // It is closed, and has given up its unit of work.
  bool drained_ = false;
  detail::outstanding_work* work_ = nullptr;
  ambient* ambient_ = nullptr;
  std::shared_ptr<detail::failure_sink> failures_ = std::make_shared<detail::failure_sink>();
  std::uint32_t nested_ = 0;  // Tasks that `run_nested` runs.
  std::uint32_t level_steps_ = 0;
  std::optional<detail::ready_levels> levels_;  // None while all tasks have the same priority.
  const void* stack_base_ = nullptr;
  const void* stack_end_ = nullptr;
  detail::timer_wheel timers_;

  static constexpr std::uint32_t inline_max = 128;  // Tokio's budget.
  static constexpr int many_handoffs_min = 16;
  static constexpr std::uint32_t nested_max = 32;

  // Other threads write to this, so it has a cache line of its own.
  alignas(64) detail::inbox inbox_;
  std::atomic<std::uint32_t> wakes_done_{0};
};

}  // namespace lariat
