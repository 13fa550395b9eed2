#pragma once

#include <lariat/sched/coroutine/detail/slot.hpp>
#include <lariat/sched/task/detail/root_task.hpp>
#include <lariat/sched/task/task.hpp>

#include <exception>
#include <new>
#include <utility>

namespace lariat::detail {

/// A task's body and later, in the same place, its result. The frame is destroyed when the body has
/// ended, not when the result is fetched, or its parameters, such as a socket or the end of a
/// channel, would stay open till then. The owner must know which of the two it holds, because a
/// flag in here would take a word.
template <class T>
class body_or_result {
 public:
  body_or_result() noexcept : body_() {}
  explicit body_or_result(task<T>&& body) : body_(std::move(body)) {}
  body_or_result(const body_or_result&) = delete;
  body_or_result& operator=(const body_or_result&) = delete;
  ~body_or_result() {}

  void destroy(bool has_result) noexcept {
    if (has_result) {
      result_.~slot();
    } else {
      body_.~root_task();
    }
  }

  [[nodiscard]] root_task<T>& body() noexcept { return body_; }
  /// \pre It holds the result.
  [[nodiscard]] slot<T>& result() noexcept { return result_; }
  [[nodiscard]] const slot<T>& result() const noexcept { return result_; }

  /// Replaces the body, which has ended, by its result. Called once.
  void become_result() noexcept {
    root_task<T> ended = make_room();
    try {
      result_.take_from(ended.result());
    } catch (...) {  // The value's move threw.
      result_.fail(std::current_exception());
    }
  }

  /// Replaces the body, which never ran, by an error. Called once.
  void fail(std::exception_ptr error) noexcept {
    const root_task<T> refused = make_room();
    result_.fail(std::move(error));
  }

 private:
  root_task<T> make_room() noexcept {
    root_task<T> body = std::move(body_);
    body_.~root_task();
    ::new (static_cast<void*>(&result_)) slot<T>();
    return body;
  }

  union {
    root_task<T> body_;
    slot<T> result_;
  };
};

}  // namespace lariat::detail
