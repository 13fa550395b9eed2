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

/// Is told which tasks an operation waits for, until it says by false that it knows enough. See
/// `operation::depends_on`.
class dependency_visitor {
 public:
  /// A task of the same loop that has to end.
  [[nodiscard]] virtual bool task(const context& other) = 0;

  /// One that has to give something up, which it has had since it awaited it there.
  [[nodiscard]] virtual bool holder(std::uint64_t id, std::source_location since) = 0;

 protected:
  ~dependency_visitor() = default;
};

/// Who can end the wait in an operation, as far as that is tasks.
enum class woken_by : unsigned char {
  anything,  ///< Time, the kernel, a thread.
  somebody,  ///< A task, or a thread that uses the same primitive: which one cannot be known.
  any_of,    ///< Any of those that are named.
  all_of,    ///< All of those that are named, together.
};

/// What an operation says of itself in a dump of the tasks: "read(fd 7)", "sleep".
struct operation_info {
  const char* name;  ///< Of static storage.
  int fd = -1;       ///< The descriptor it waits for, if any.
};

/// The base of every awaitable that can suspend a task until something happens: the leaf of a
/// chain of awaits, and the one thing that a cancel has to reach.
///
/// Before it is awaited an operation is a description, and may be moved. From `suspend` until the
/// loop runs it, it is pinned: whatever completes it holds its address. Destroying it in between
/// would let that write to freed memory, and terminates the program.
class operation : public runnable {
 public:
  /// A task that runs on a pool awaits it by way of its loop. See detail/loop_awaiter.hpp.
  using bound_to_loop = void;

  /// Asks it to end early. It must still complete, once: cancelled, or with what it has.
  /// Called on the loop's thread while the task is suspended here, any number of times.
  virtual void cancel() noexcept = 0;

  /// What a dump of the tasks says of it.
  [[nodiscard]] virtual operation_info info() const noexcept = 0;

  /// Who can wake the waiting task: if all of them wait for it nothing will happen. Names them, if
  /// they are known. On the loop's thread, while the task waits or is about to.
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

  /// Step one of `await_suspend`: notes who waits, and where cancels come from. After this,
  /// `owner()` and `must_cancel()` tell the rest.
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

  /// The loop on which the task waits. Only after `prepare`.
  [[nodiscard]] loop& owner() const noexcept { return *context_->owner(); }

  /// Whether a cancel came before the operation could start: it must do nothing.
  [[nodiscard]] bool must_cancel() const noexcept { return context_->must_cancel(); }

  /// Step two, before anything can complete it: cancels reach it from here on.
  void suspend() noexcept {
    suspended_ = true;
    if (!awaited_by_task_) return;  // Many foreign coroutines share a context: none is cancelled.
    context_->waiting_in_ = this;
    context_->waiting_since_ = context::coarse(owner().turn_time());
  }

  /// Takes that back: nothing will complete it.
  void unsuspend() noexcept {
    suspended_ = false;
    if (awaited_by_task_ && context_->waiting_in_ == this) context_->waiting_in_ = nullptr;
  }

  /// Queues the task to be resumed. On the loop's thread, once for each `suspend`.
  void complete() noexcept { owner().ready(*this); }

  /// Ends the operation by `operation_cancelled`, from `await_resume`.
  [[noreturn]] void throw_cancelled() const { context_->throw_cancelled(); }

  /// The same as an error code: delivered, for those who do not throw.
  [[nodiscard]] std::error_code take_cancelled() const noexcept;

  /// Whether `error`, the end of a child, is the cancel of the waiting task come back through it
  /// and not yet delivered: the operation has to deliver it, by `throw_cancelled`.
  /// \param passed_on Whether the operation has passed a cancel on to the child.
  [[nodiscard]] bool is_own_cancel(bool passed_on, const std::exception_ptr& error) const noexcept;

  [[nodiscard]] context& task_context() const noexcept { return *context_; }

  /// Where the task awaits it: its children's spawn site. Empty if it is not a lariat task.
  [[nodiscard]] std::source_location await_site() const noexcept {
    return waiter() == nullptr ? std::source_location() : waiter()->site();
  }
  [[nodiscard]] std::coroutine_handle<> caller() const noexcept { return caller_; }
  [[nodiscard]] bool suspended() const noexcept { return suspended_; }

 private:
  void adopt_current_loop() noexcept;
  [[noreturn]] void die_suspended() const noexcept;

  std::coroutine_handle<> caller_;
  context* context_ = nullptr;
  bool suspended_ = false;  // Small members of derived classes fit in behind these two.
  bool awaited_by_task_ = false;
};

namespace detail {

/// What is awaited by `prepare` and then `Derived::start`, which is compiled: that begins what is
/// waited for, or says by false that there is nothing to wait for. `Derived` makes it a friend.
template <class Derived, class Base = operation>
class starting_operation : public Base {
 public:
  bool await_ready() const noexcept { return false; }

  // Throws only if `start` may, so that an await of one that does not needs no way out.
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
