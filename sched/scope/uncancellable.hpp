#pragma once

#include <lariat/sched/coroutine/detail/awaiter.hpp>
#include <lariat/sched/task/detail/child.hpp>
#include <lariat/sched/task/task.hpp>

#include <coroutine>
#include <utility>

namespace lariat {

namespace detail {

template <class T>
class [[nodiscard]] uncancellable_operation {
 public:
  using bound_to_loop = void;

  explicit uncancellable_operation(task<T>&& body) noexcept : body_(std::move(body)) {}
  uncancellable_operation(const uncancellable_operation&) = delete;
  ~uncancellable_operation() {
    if (masked_ != nullptr) masked_->unmask_cancel();
  }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) {
    const std::coroutine_handle<> next = body_.operator co_await().await_suspend(caller);
    masked_ = caller.promise().task_context();
    masked_->mask_cancel();
    return next;
  }
  T await_resume() {
    std::exchange(masked_, nullptr)->unmask_cancel();
    return body_.operator co_await().await_resume();
  }

 private:
  task<T> body_;
  context* masked_ = nullptr;
};

template <class T>
class [[nodiscard("it does nothing until it is awaited")]] uncancellable_bundle {
 public:
  explicit uncancellable_bundle(task<T>&& body) noexcept : body_(std::move(body)) {}
  uncancellable_operation<T> operator co_await() && {
    return uncancellable_operation<T>(std::move(body_));
  }

 private:
  task<T> body_;
};

}  // namespace detail

/// Awaits a task or an operation that cancels do not reach, for cleanup that must be finished. A
/// task on a pool runs it on its loop.
///
/// \par Cancellation
/// A cancel that comes meanwhile is kept, and delivered at the next await that suspends.
template <class Awaitable>
[[nodiscard]] auto uncancellable(Awaitable&& awaitable) {
  return detail::uncancellable_bundle<detail::child_value_t<Awaitable>>(
      detail::as_child(std::forward<Awaitable>(awaitable)));
}

}  // namespace lariat
