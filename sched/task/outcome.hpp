#pragma once

#include <lariat/sched/cancel/detail/is_cancelled.hpp>
#include <lariat/sched/coroutine/detail/slot.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace lariat {

/// How a task ended: with a value, an exception or a cancel. The result of `when_all_settled`, and
/// of `as_result` of a task or a handle.
template <class T>
class [[nodiscard]] outcome {
 public:
  /// Takes over the value or error that a task ended with.
  explicit outcome(detail::slot<T>& ended) { slot_.take_from(ended); }
  outcome(outcome&& other) noexcept { slot_.take_from(other.slot_); }
  outcome& operator=(outcome&& other) noexcept {
    if (this != &other) {
      slot_.reset();
      slot_.take_from(other.slot_);
    }
    return *this;
  }

  [[nodiscard]] bool has_value() const noexcept { return slot_.has_value(); }

  /// Whether the task ended by operation_cancelled.
  [[nodiscard]] bool cancelled() const noexcept {
    return slot_.has_error() && detail::is_cancelled(slot_.error());
  }

  /// The exception that the task ended by, operation_cancelled included; null if it has a value.
  [[nodiscard]] std::exception_ptr error() const noexcept {
    return slot_.has_error() ? slot_.error() : nullptr;
  }

  /// Moves the value out. \throws what the task threw.
  T value() { return slot_.take(); }

 private:
  detail::slot<T> slot_;
};

}  // namespace lariat
