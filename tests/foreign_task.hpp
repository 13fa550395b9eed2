#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

/// A coroutine type that knows nothing of lariat: lazy, awaited once.
template <class T>
class foreign_task {
 public:
  struct promise_type {
    foreign_task get_return_object() {
      return foreign_task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct final_awaiter {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        return self.promise().continuation;
      }
      void await_resume() noexcept {}
    };
    final_awaiter final_suspend() noexcept { return {}; }
    void return_value(T result) { value.emplace(std::move(result)); }
    void unhandled_exception() { error = std::current_exception(); }

    std::coroutine_handle<> continuation;
    std::optional<T> value;
    std::exception_ptr error;
  };

  explicit foreign_task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  foreign_task(foreign_task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ~foreign_task() {
    if (handle_ != nullptr) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().continuation = caller;
    return handle_;
  }
  T await_resume() {
    if (handle_.promise().error != nullptr) std::rethrow_exception(handle_.promise().error);
    return std::move(*handle_.promise().value);
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

/// A coroutine that runs at once, and that nobody awaits.
struct foreign_detached {
  struct promise_type {
    foreign_detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};
