#pragma once

#include <lariat/sched/cancel/detail/is_cancelled.hpp>
#include <lariat/sched/coroutine/detail/slot.hpp>
#include <lariat/sched/pool/detail/fork_group.hpp>

#include <cassert>
#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

namespace lariat {

template <class T>
class fork_task;

namespace detail {

template <class... T>
class fork_join_operation;
template <class... T>
class forks;
template <class T>
class fork_range_operation;
template <class Each>
class fork_range;

template <class T>
class fork_promise_result : public fork_promise_base {
 public:
  void unhandled_exception() noexcept {
    result_.fail(std::current_exception());
    group().child_failed();
  }
  [[nodiscard]] slot<T>& result() noexcept { return result_; }

  /// Accepts forks and joins only; code that awaits anything else belongs into a task.
  template <class... U>
  fork_join_operation<U...> await_transform(forks<U...>&& children) noexcept;
  template <class Each>
  auto await_transform(fork_range<Each>&& children);
  template <class U>
  fork_join_operation<U> await_transform(fork_task<U>&& call) noexcept;
  template <class Other>
  std::suspend_never await_transform(Other&&) noexcept {
    static_assert(std::is_void_v<Other>,
                  "a fork_task awaits fork_join(...) and fork_tasks, in the expression that calls "
                  "them or by std::move; what waits for anything else belongs into a task, on a "
                  "loop");
    return {};
  }

  /// The result of the coroutine whose frame is at `frame`.
  [[nodiscard]] static slot<T>& result_of(void* frame) noexcept {
    return std::coroutine_handle<fork_promise_result>::from_address(frame).promise().result();
  }

 protected:
  slot<T> result_;
};

template <class T>
class fork_promise_value : public fork_promise_result<T> {
 public:
  template <class Value = T>
    requires std::is_constructible_v<T, Value&&>
  void return_value(Value&& value) {
    this->result_.emplace(std::forward<Value>(value));
  }
};

template <>
class fork_promise_value<void> : public fork_promise_result<void> {
 public:
  void return_void() noexcept { result_.emplace(); }
};

/// \tparam trivial Whether neither the parameters nor the result need a destructor.
template <class T, bool trivial>
class fork_promise final : public fork_promise_value<T> {
 public:
  fork_task<T> get_return_object() noexcept {
    return fork_task<T>(std::coroutine_handle<fork_promise>::from_promise(*this).address(),
                        trivial);
  }
};

/// Takes the error, if any, that a child has ended by, because its frame may be freed without a
/// destructor. Keeps the first error, but prefers a later one to operation_cancelled, which only
/// says that another child has failed.
template <class T>
void take_error(slot<T>& ended, std::exception_ptr& first) {
  if (!ended.has_error()) return;
  try {
    (void)ended.take();
  } catch (...) {
    if (first == nullptr || is_cancelled(first)) first = std::current_exception();
  }
}

/// Tells the compiler that the child has no error, which is certain for every child of a group that
/// is not `incomplete`.
template <class T>
[[gnu::always_inline]] inline slot<T>& not_failed(slot<T>& ended) noexcept {
  assert(!ended.has_error());
  if (ended.has_error()) __builtin_unreachable();
  return ended;
}

}  // namespace detail
}  // namespace lariat
