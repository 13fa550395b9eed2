#pragma once

#include <lariat/sched/loop/detail/promise.hpp>
#include <lariat/sched/task/detail/foreign_awaiter.hpp>
#include <lariat/sched/task/task.hpp>

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace lariat {

template <class T>
class async_generator;

namespace detail {

template <class T>
class generator_promise final : public promise_base {
 public:
  async_generator<T> get_return_object() noexcept;

  /// Hands a value to the consumer, which is resumed at once.
  template <class Value = T>
    requires std::constructible_from<T, Value&&>
  final_awaiter yield_value(Value&& value) {
    value_.emplace(std::forward<Value>(value));
    return {};
  }
  void return_void() const noexcept {}
  void unhandled_exception() noexcept { error_ = std::current_exception(); }

  /// The value that was yielded since the last call; nothing if the body has ended.
  [[nodiscard]] std::optional<T> take() {
    this->allow_restart();
    if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
    return std::exchange(value_, std::nullopt);
  }

 private:
  std::optional<T> value_;
  std::exception_ptr error_;
};

}  // namespace detail

/// A coroutine that gives a sequence of values and may await between them:
/// `while (auto value = co_await generator.next())`. It runs only while `next` is awaited, on the
/// awaiter's behalf. (Name the value, as in `std::optional<T> value = co_await g.next();`, if
/// g++ 12 is to compile it: it makes the frame too small for an await in a condition.)
///
/// \par Cancellation
/// The awaits inside it are cancelled: `next` then throws operation_cancelled, and the sequence has
/// ended. Dropping the generator between two values destroys its locals.
template <class T>
class [[nodiscard]] async_generator {
 public:
  using promise_type = detail::generator_promise<T>;

  async_generator(async_generator&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)) {}
  async_generator& operator=(async_generator&& other) noexcept {
    async_generator(std::move(other)).swap(*this);
    return *this;
  }
  ~async_generator() {
    if (handle_ != nullptr) handle_.destroy();
  }

  void swap(async_generator& other) noexcept { std::swap(handle_, other.handle_); }

  /// The awaitable of `next`.
  class [[nodiscard]] next_awaiter {
   public:
    using part_of_task = void;

    explicit next_awaiter(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    next_awaiter(const next_awaiter&) = delete;

    bool await_ready() const noexcept { return handle_ == nullptr || handle_.done(); }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) {
      handle_.promise().start_for(caller);
      return handle_;
    }
    std::optional<T> await_resume() {
      if (handle_ == nullptr) return std::nullopt;
      return handle_.promise().take();
    }

   private:
    std::coroutine_handle<promise_type> handle_;
  };

  /// Gives the next value, or nothing at the end; after the end, nothing again.
  /// \throws what the generator's body threw; the sequence has ended then.
  [[nodiscard]] next_awaiter next() noexcept { return next_awaiter(handle_); }

 private:
  friend promise_type;
  explicit async_generator(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
async_generator<T> generator_promise<T>::get_return_object() noexcept {
  return async_generator<T>(std::coroutine_handle<generator_promise>::from_promise(*this));
}

}  // namespace detail
}  // namespace lariat
