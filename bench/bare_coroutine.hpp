#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <utility>

namespace bench {

/// The least that a lazy coroutine can be: a continuation, a value, frames from a free list, and
/// symmetric transfer both ways. No exceptions, no cancellation, no context: what a task costs
/// beyond this is what its features cost.
template <class T>
class [[nodiscard]] bare_coroutine {
 public:
  class promise_type;

  bare_coroutine(bare_coroutine&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  ~bare_coroutine() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    frame_.promise().continuation_ = caller;
    return frame_;
  }
  T await_resume() noexcept { return frame_.promise().value_; }

 private:
  explicit bare_coroutine(std::coroutine_handle<promise_type> frame) : frame_(frame) {}

  std::coroutine_handle<promise_type> frame_;
};

/// Frames of one thread, one list per size; a frame's first word is the link while it is free.
class frame_list {
 public:
  static void* allocate(std::size_t size) {
    void*& head = head_of(size);
    if (head == nullptr) return ::operator new(rounded(size));
    void* frame = head;
    head = *static_cast<void**>(frame);
    return frame;
  }

  static void free(void* frame, std::size_t size) noexcept {
    void*& head = head_of(size);
    *static_cast<void**>(frame) = head;
    head = frame;
  }

 private:
  static constexpr std::size_t step = 64;
  static constexpr std::size_t lists = 64;

  static std::size_t rounded(std::size_t size) { return (size + step - 1) / step * step; }

  static void*& head_of(std::size_t size) noexcept {
    const std::size_t index = (size + step - 1) / step;
    if (index >= lists) std::terminate();
    return heads_[index];
  }

  static inline thread_local constinit void* heads_[lists] = {};
};

template <class T>
class bare_coroutine<T>::promise_type {
 public:
  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(
        std::coroutine_handle<promise_type> frame) const noexcept {
      return frame.promise().continuation_;
    }
    void await_resume() const noexcept {}
  };

  static void* operator new(std::size_t size) { return frame_list::allocate(size); }
  static void operator delete(void* frame, std::size_t size) noexcept {
    frame_list::free(frame, size);
  }

  bare_coroutine get_return_object() noexcept {
    return bare_coroutine(std::coroutine_handle<promise_type>::from_promise(*this));
  }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  final_awaiter final_suspend() const noexcept { return {}; }
  void return_value(T value) noexcept { value_ = value; }
  void unhandled_exception() noexcept { std::terminate(); }

 private:
  friend bare_coroutine;

  std::coroutine_handle<> continuation_;
  T value_;
};

/// A coroutine that runs at once and is nobody's: the body of a benchmark.
struct detached_coroutine {
  struct promise_type {
    detached_coroutine get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

}  // namespace bench
