#pragma once

#include <lariat/sched/task/detail/child.hpp>
#include <lariat/sched/task/outcome.hpp>
#include <lariat/sched/task/task.hpp>

#include <coroutine>
#include <system_error>
#include <type_traits>
#include <utility>

namespace lariat {

/// The result of an I/O operation without exceptions: an error or a value.
template <class T>
struct [[nodiscard]] result {
  std::error_code error;  ///< std::errc::operation_canceled if it was cancelled.
  T value{};              ///< Meaningful if `error` is not set.

  [[nodiscard]] explicit operator bool() const noexcept { return !error; }
};

template <>
struct [[nodiscard]] result<void> {
  std::error_code error;  ///< std::errc::operation_canceled if it was cancelled.

  [[nodiscard]] explicit operator bool() const noexcept { return !error; }
};

namespace detail {

/// An operation that can end without throwing: it has `await_result() noexcept`.
template <class Operation>
concept has_result = requires(Operation& o) { o.await_result(); };

template <class Operation>
class [[nodiscard]] result_awaiter {
 public:
  using bound_to_loop = void;

  explicit result_awaiter(Operation& operation) noexcept : operation_(operation) {}

  bool await_ready() noexcept { return operation_.await_ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> caller) noexcept(
      noexcept(operation_.await_suspend(caller))) {
    return operation_.await_suspend(caller);
  }
  auto await_resume() noexcept { return operation_.await_result(); }

 private:
  Operation& operation_;  // A temporary of the same co_await expression.
};

/// Awaits a task, and gives how it ended instead of throwing.
template <class T>
class [[nodiscard]] outcome_awaiter : private task<T>::awaiter {
  using base = typename task<T>::awaiter;

 public:
  using typename base::part_of_task;

  explicit outcome_awaiter(const task<T>& body) : base(body.operator co_await()) {}

  using base::await_ready;
  using base::await_suspend;
  outcome<T> await_resume() {
    // A context is its loop's; tasks on pools are not watched.
    if (base::result().has_error() && !base::promise().on_pool()) [[unlikely]] {
      base::promise().task_context()->cancel_is_handled();
    }
    return outcome<T>(base::result());
  }
};

/// The same for any other awaitable, which a task of its own awaits.
template <class T>
class [[nodiscard("it does nothing until it is awaited")]] outcome_of_child {
 public:
  explicit outcome_of_child(task<T>&& body) : body_(std::move(body)) {}
  outcome_awaiter<T> operator co_await() const { return outcome_awaiter<T>(body_); }

 private:
  task<T> body_;
};

}  // namespace detail

/// `co_await as_result(file.read_some(buffer))` gives a result<T> and throws nothing: for errors
/// that are expected, at the speed of the bare operation.
///
/// \param operation An I/O operation, made in the same expression.
template <class Operation>
  requires detail::has_result<Operation>
[[nodiscard]] detail::result_awaiter<std::remove_reference_t<Operation>> as_result(
    Operation&& operation) noexcept {
  return detail::result_awaiter<std::remove_reference_t<Operation>>(operation);
}

/// `co_await as_result(work())` gives an outcome<T> of a task: its value, or the exception that it
/// ended by, which is not thrown again. A task that gives a value costs what it costs awaited
/// alone.
///
/// \par Cancellation
/// As for awaiting the task. The outcome of one that the awaiter's own cancel ended says so
/// (`cancelled`), and later awaits do not see that cancel any more.
template <class T>
[[nodiscard]] detail::outcome_awaiter<T> as_result(const task<T>& body) {
  return detail::outcome_awaiter<T>(body);
}

/// The same for every other awaitable: one of another library, or a combinator, as in
/// `as_result(timeout(1s, work()))`. It is awaited by a task of its own.
template <class Awaitable>
  requires(!detail::has_result<Awaitable> && !detail::is_task<std::remove_cvref_t<Awaitable>>)
[[nodiscard]] auto as_result(Awaitable&& awaitable) {
  return detail::outcome_of_child<detail::child_value_t<Awaitable>>(
      detail::as_child(std::forward<Awaitable>(awaitable)));
}

}  // namespace lariat
