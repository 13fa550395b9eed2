#pragma once

#include <lariat/sched/coroutine/detail/awaiter.hpp>
#include <lariat/sched/coroutine/detail/call_check.hpp>

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

/// Chosen for arguments that no other form accepts; its static_assert says what is wrong.
template <class Operation>
  requires(!detail::has_result<Operation>)
auto as_result(Operation&&) {
  static_assert(
      detail::never<Operation>,
      "as_result takes an operation of io, which fails by an error code only, or a "
      "join_handle with a name. A task may throw anything: catch it, or spawn the task and "
      "await as_result(handle)");
  return std::suspend_never();
}

}  // namespace lariat
