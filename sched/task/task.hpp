#pragma once

#include <lariat/sched/coroutine/detail/closure.hpp>
#include <lariat/sched/coroutine/detail/slot.hpp>
#include <lariat/sched/loop/detail/debug_reports.hpp>
#include <lariat/sched/loop/detail/promise.hpp>
#include <lariat/sched/task/detail/foreign_awaiter.hpp>

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

namespace lariat {

template <class T>
class task;

namespace detail {

template <class T>
class root_task;

template <class T>
class task_promise;

}  // namespace detail

/// A coroutine that starts when it is awaited and gives a T: the unit that programs are made of.
///
/// Awaiting it runs it at once, on the awaiter's executor and on its behalf, and gives its value
/// or throws its exception. A task that is dropped without being awaited never runs; code that
/// is compiled with assertions tells so under LARIAT_DEBUG=1. Created and
/// awaited it costs one frame from a free list and two jumps; no queue is involved.
///
/// \par Cancellation
/// A task has no cancellation of its own: the awaits inside it are cancelled, on behalf of the
/// spawned task that it is part of.
template <class T = void>
class [[nodiscard("a task does nothing until it is awaited or spawned")]] task {
 public:
  using promise_type = detail::task_promise<T>;
  using value_type = T;

  task() noexcept = default;
  task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    task(std::move(other)).swap(*this);
    return *this;
  }
  ~task() {
    if (handle_ == nullptr) return;
#ifndef NDEBUG
    if (handle_.promise().never_started()) [[unlikely]]
      detail::note_dropped_task(handle_.address());  // It would cost a call 5 %.
#endif
    handle_.destroy();
  }

  void swap(task& other) noexcept { std::swap(handle_, other.handle_); }

  /// Whether it holds a coroutine, awaited or not.
  [[nodiscard]] explicit operator bool() const noexcept { return handle_ != nullptr; }

  /// Runs the coroutine on the awaiter's behalf. It borrows the task, which keeps the frame until
  /// it is destroyed: for a temporary, to the end of the await expression.
  class [[nodiscard]] awaiter {
   public:
    using part_of_task = void;

    explicit awaiter(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) {
      handle_.promise().start_for(caller);
      return handle_;
    }
    T await_resume() { return result().take(); }

   protected:
    [[nodiscard]] promise_type& promise() const noexcept { return handle_.promise(); }
    [[nodiscard]] detail::slot<T>& result() const noexcept { return promise().result(); }

   private:
    std::coroutine_handle<promise_type> handle_;
  };

  /// \throws std::logic_error if the task is empty, or, when awaited, if it was awaited before.
  awaiter operator co_await() const {
    if (handle_ == nullptr) [[unlikely]]
      detail::throw_task_awaited_twice();
    return awaiter(handle_);
  }

 private:
  friend promise_type;
  template <class U>
  friend class detail::root_task;

  explicit task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
class task_promise_base : public promise_base {
 public:
  void unhandled_exception() noexcept { result_.fail(std::current_exception()); }
  [[nodiscard]] slot<T>& result() noexcept { return result_; }

 protected:
  slot<T> result_;
};

template <class T>
class task_promise : public task_promise_base<T> {
 public:
  task<T> get_return_object() noexcept;

  template <class Value = T>
    requires std::is_constructible_v<T, Value&&>
  void return_value(Value&& value) {
    this->result_.emplace(std::forward<Value>(value));
  }
};

template <class T>
class task_promise<T&> : public task_promise_base<T&> {
 public:
  task<T&> get_return_object() noexcept;
  void return_value(T& value) noexcept { this->result_.emplace(value); }
};

template <>
class task_promise<void> : public task_promise_base<void> {
 public:
  task<void> get_return_object() noexcept;
  void return_void() noexcept { result_.emplace(); }
};

/// Awaiting a task<T> gives a T; `decltype` of the expression would be `int` for a task<const int>.
template <class T>
struct await_result<task<T>> {
  using type = T;
};

template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
  return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}

template <class T>
task<T&> task_promise<T&>::get_return_object() noexcept {
  return task<T&>(std::coroutine_handle<task_promise>::from_promise(*this));
}

inline task<void> task_promise<void>::get_return_object() noexcept {
  return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

/// The promise of lambdas that are coroutines: records that the coroutine refers to captures, which
/// the lambda owns. g++ passes it the closure itself, clang only the arguments. It adds no members,
/// so a handle of the base type can refer to it.
template <class T, class Closure>
class closure_promise final : public task_promise<T> {
 public:
  template <class... Args>
  explicit closure_promise(const Args&... args) noexcept {
    if constexpr (!std::is_empty_v<Closure>) this->set_closure(closure_in(args...));
  }

 private:
  static const void* closure_in() noexcept { return nullptr; }
  template <class First, class... Rest>
  static const void* closure_in(const First& first, const Rest&...) noexcept {
    if constexpr (std::is_same_v<First, Closure>) return &first;
    return nullptr;
  }
};

}  // namespace detail
}  // namespace lariat

/// Gives lambdas that are coroutines a `closure_promise`. (The one specialisation that the
/// standard expects of a coroutine library.)
template <class T, class Closure, class... Args>
  requires lariat::detail::closure<Closure>
struct std::coroutine_traits<lariat::task<T>, Closure, Args...> {
  using promise_type = lariat::detail::closure_promise<T, std::remove_cvref_t<Closure>>;
};
