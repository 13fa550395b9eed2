#pragma once

#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/detail/loop_trip.hpp>
#include <lariat/sched/loop/detail/promise.hpp>
#include <lariat/sched/loop/loop.hpp>

#include <cassert>
#include <concepts>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <source_location>
#include <system_error>
#include <utility>

namespace lariat {

/// `operation::depends_on` calls it once for each task that the operation waits for, and may stop
/// when a call returns false.
class dependency_visitor {
 public:
  /// The wait ends when this task, of the same loop, has ended.
  [[nodiscard]] virtual bool task(const context& other) = 0;

  /// The wait ends when the task of that id gives up what it has held since its await at `since`.
  [[nodiscard]] virtual bool holder(std::uint64_t id, std::source_location since) = 0;

 protected:
  ~dependency_visitor() = default;
};

/// Which tasks, if any, can end the wait in an operation.
enum class woken_by : unsigned char {
  anything,  ///< Time, the kernel, a thread.
  somebody,  ///< Some task or thread that uses the same primitive; it is not known which.
  any_of,    ///< Any one of the tasks that are named.
  all_of,    ///< All of the tasks that are named, together.
};

/// How an operation is shown in a dump of the tasks: "read(fd 7)", "sleep".
struct operation_info {
  const char* name;  ///< Of static storage.
  int fd = -1;       ///< The descriptor it waits for, if any.
};

/// The base of every awaitable that can suspend a task until something happens: the leaf of a
/// chain of awaits, and the one thing that a cancel has to reach.
///
/// Before it is awaited an operation is a description, and may be moved. From `suspend` until the
/// loop runs it, it is pinned, because whatever will complete it holds its address. Destroying it
/// in between would lead to a write to freed memory, so that terminates the program.
class operation : public runnable {
 public:
  /// An awaitable with this member type is carried out on the task's loop when a task on a pool
  /// awaits it. See detail/loop_awaiter.hpp.
  using bound_to_loop = void;

  /// Asks the operation to end early. It must still complete, once: cancelled, or with its result.
  /// Called on the loop's thread while the task is suspended here, any number of times.
  virtual void cancel() noexcept = 0;

  /// How a dump of the tasks shows it.
  [[nodiscard]] virtual operation_info info() const noexcept = 0;

  /// When it will cancel the children that the waiting task has in it; `no_deadline` if it has no
  /// time limit. Any thread that works for one of these children.
  [[nodiscard]] virtual clock_ns deadline_of_children() const noexcept { return no_deadline; }

  /// The child that the waiting task waits for in it, if there is exactly one: what it does, the
  /// task does, to who wrote it. On the loop's thread.
  [[nodiscard]] virtual const context* only_child() const noexcept { return nullptr; }

  /// Tells by whom the waiting task can be woken, and names those tasks if they are known: a wait
  /// whose wakers all wait for it is a deadlock. On the loop's thread, while the task waits or is
  /// about to.
  virtual woken_by depends_on(dependency_visitor&) const { return woken_by::anything; }

  /// Resumes the task. The loop calls this.
  void run() noexcept override;

  /// The coroutine that waits; null if it is not a lariat task.
  [[nodiscard]] const detail::promise_base* waiter() const noexcept {
    if (!awaited_by_task_) return nullptr;
    return &std::coroutine_handle<detail::promise_base>::from_address(caller_.address()).promise();
  }

 protected:
  operation() = default;
  operation(const operation& other) noexcept : runnable(other) {
    assert(!other.suspended_ && "an operation cannot be moved while a task waits in it");
  }
  operation& operator=(const operation&) = delete;
  ~operation() {
    if (suspended_) [[unlikely]]
      die_suspended();
  }

  /// Step one of `await_suspend`: records the waiting coroutine and its context. After it `owner()`
  /// and `must_cancel()` may be called.
  template <class Promise>
  void prepare(std::coroutine_handle<Promise> caller) noexcept {
    caller_ = caller;
    if constexpr (std::derived_from<Promise, detail::promise_base>) {
      awaited_by_task_ = true;
      context_ = caller.promise().task_context();
    } else {
      adopt_current_loop();
    }
  }

  /// The loop on which the task waits. \pre `prepare` was called.
  [[nodiscard]] loop& owner() const noexcept { return *context_->owner(); }

  /// Whether a cancel came before the operation could start; then it must not start.
  [[nodiscard]] bool must_cancel() const noexcept { return context_->must_cancel(); }

  /// Step two, before anything can complete the operation: from here on cancels reach it.
  void suspend() noexcept {
    suspended_ = true;
    if (!awaited_by_task_) return;  // Foreign coroutines share a context, which is never cancelled.
    context_->waiting_in_ = this;
    context_->waiting_since_ = context::coarse(owner().turn_time());
  }

  /// Undoes `suspend`, if nothing will complete the operation.
  void unsuspend() noexcept {
    suspended_ = false;
    if (awaited_by_task_ && context_->waiting_in_ == this) context_->waiting_in_ = nullptr;
  }

  /// Queues the task to be resumed. On the loop's thread, once for each `suspend`.
  void complete() noexcept { owner().ready(*this); }

  /// Ends the operation by `operation_cancelled`, from `await_resume`.
  [[noreturn]] void throw_cancelled() const { context_->throw_cancelled(await_site()); }

  /// The same as an error code, for operations that do not throw. The cancel counts as delivered.
  [[nodiscard]] std::error_code take_cancelled() const noexcept;

  /// Whether `error`, by which a child has ended, is the waiting task's own cancel, which was
  /// passed on to the child and has not been delivered to the task yet. Then the operation has to
  /// deliver it, by `throw_cancelled`.
  /// \param passed_on Whether the operation has passed a cancel on to the child.
  [[nodiscard]] bool is_own_cancel(bool passed_on, const std::exception_ptr& error) const noexcept;

  [[nodiscard]] context& task_context() const noexcept { return *context_; }

  /// Called when the child has ended that is the same task to who wrote the code: `local` values
  /// that it has set stay. Coroutines that are no tasks share a context, and have no values.
  void keep_locals_of(const context& child) const noexcept {
    if (awaited_by_task_) context_->keep_locals_of(child);
  }

  /// Where the task awaits it: its children's spawn site. Empty if it is not a lariat task.
  [[nodiscard]] std::source_location await_site() const noexcept {
    return waiter() == nullptr ? std::source_location() : waiter()->site();
  }
  [[nodiscard]] std::coroutine_handle<> caller() const noexcept { return caller_; }
  [[nodiscard]] bool suspended() const noexcept { return suspended_; }

 private:
  [[nodiscard]] task_priority ready_level() const noexcept final;
  void adopt_current_loop() noexcept;
  [[noreturn]] void die_suspended() const noexcept;

  std::coroutine_handle<> caller_;
  context* context_ = nullptr;
  bool suspended_ = false;  // Small members of derived classes fit in the padding after these two.
  bool awaited_by_task_ = false;
};

namespace detail {

/// Gives `Derived` an `await_suspend` that calls `prepare`, then `Derived::start`. `start` is in a
/// source, so that only these two calls are made for each type of promise. It begins the operation,
/// or returns false if there is nothing to wait for. `Derived` makes this base a friend.
template <class Derived, class Base = operation>
class starting_operation : public Base {
 public:
  bool await_ready() const noexcept { return false; }

  // noexcept if `start` is: the awaiting coroutine then needs no path for an exception.
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) noexcept(
      noexcept(std::declval<Derived&>().start())) {
    this->prepare(caller);
    return static_cast<Derived&>(*this).start();
  }

 protected:
  using Base::Base;
};

}  // namespace detail
}  // namespace lariat
