#pragma once

#include <lariat/sched/task/task.hpp>

#include <coroutine>
#include <utility>

namespace lariat::detail {

/// The point that the first coroutine of a context returns to: a function, laid out like a
/// coroutine's frame. g++ and clang begin every frame with the address of its resume function, and
/// a handle's `resume` calls that. So the root returns by the same jump as any other coroutine. The
/// function may destroy the finished frame, which is suspended by then.
class return_point {
 public:
  using function = void (*)(return_point*) noexcept;

  explicit return_point(function finish) noexcept : resume_(finish) {}
  return_point(const return_point&) = delete;
  return_point& operator=(const return_point&) = delete;

  [[nodiscard]] std::coroutine_handle<> handle() noexcept {
    return std::coroutine_handle<>::from_address(this);
  }

 private:
  [[maybe_unused]] function
      resume_;  // The next word of a frame is its destroyer; nobody destroys this one.
};

/// A task that runs as the root of a context, and not for an awaiter.
template <class T>
class root_task {
 public:
  root_task() = default;
  /// \throws std::logic_error if the task is empty: moved from, or awaited before.
  explicit root_task(task<T>&& source) : handle_(std::exchange(source.handle_, nullptr)) {
    if (handle_ == nullptr) throw_task_awaited_twice();
  }
  root_task(root_task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  root_task& operator=(root_task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  /// Only before the start or after the end.
  ~root_task() {
    if (handle_ != nullptr) handle_.destroy();
  }

  [[nodiscard]] explicit operator bool() const noexcept { return handle_ != nullptr; }
  [[nodiscard]] static const promise_base& promise_of(const task<T>& source) noexcept {
    return source.handle_.promise();
  }

  /// Runs it until it first suspends; when it has finished, `back` is resumed.
  void start(context& context, return_point& back) {
    handle_.promise().start_root(context, back.handle());
    handle_.resume();
  }

  /// Prepares it to run on a pool. Resuming the handle that this returns starts it.
  [[nodiscard]] std::coroutine_handle<> start_on_pool(context& context, return_point& back) {
    handle_.promise().start_root_on_pool(context, back.handle());
    return handle_;
  }

  /// What it ended with; also where to put why it could not start.
  [[nodiscard]] slot<T>& result() noexcept { return handle_.promise().result(); }

 private:
  std::coroutine_handle<typename task<T>::promise_type> handle_;
};

template <class T>
const promise_base& promise_of(const task<T>& source) noexcept {
  return root_task<T>::promise_of(source);
}

}  // namespace lariat::detail
