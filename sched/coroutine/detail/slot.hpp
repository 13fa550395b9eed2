#pragma once

#include <cstddef>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace lariat::detail {

/// The place of a task's result: nothing yet, a value or an exception.
template <class T>
class slot {
  static_assert(alignof(T) <= alignof(std::max_align_t),
                "over-aligned results are misaligned in coroutine frames: return a pointer");

 public:
  slot() noexcept {}
  slot(const slot&) = delete;
  slot& operator=(const slot&) = delete;
  ~slot() { clear(); }

  template <class... Args>
  void emplace(Args&&... args) {
    ::new (static_cast<void*>(&value_)) T(std::forward<Args>(args)...);
    state_ = state::value;
  }
  void fail(std::exception_ptr error) noexcept {
    clear();  // The destructor of a local may throw after co_return.
    ::new (static_cast<void*>(&error_)) std::exception_ptr(std::move(error));
    state_ = state::error;
  }

  [[nodiscard]] bool has_value() const noexcept { return state_ == state::value; }
  [[nodiscard]] bool has_error() const noexcept { return state_ == state::error; }
  [[nodiscard]] bool empty() const noexcept { return state_ == state::nothing; }
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }
  void reset() noexcept {
    clear();
    state_ = state::nothing;
  }

  /// Moves the value out, or throws the exception. To be called once.
  T take() {
    if (has_error()) [[unlikely]]
      std::rethrow_exception(std::move(error_));
    return std::move(value_);
  }

  /// Takes over what `other` holds.
  void take_from(slot& other) {
    if (other.has_error()) {
      fail(std::move(other.error_));
    } else if (other.has_value()) {
      emplace(std::move(other.value_));
    }
  }

 private:
  enum class state : unsigned char { nothing, value, error };
  void clear() noexcept {
    const state held = state_;  // Once: g++ takes a second look for one at another state.
    if (held == state::value) {
      value_.~T();
    } else if (held == state::error) {
      error_.~exception_ptr();
    }
  }

  union {
    std::remove_const_t<T> value_;  // To be moved out, once.
    std::exception_ptr error_;
  };
  state state_ = state::nothing;
};

template <class T>
class slot<T&> {
 public:
  void emplace(T& value) noexcept { pointer_.emplace(&value); }
  void fail(std::exception_ptr error) noexcept { pointer_.fail(std::move(error)); }
  [[nodiscard]] bool has_value() const noexcept { return pointer_.has_value(); }
  [[nodiscard]] bool has_error() const noexcept { return pointer_.has_error(); }
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return pointer_.error(); }
  [[nodiscard]] bool empty() const noexcept { return pointer_.empty(); }
  void reset() noexcept { pointer_.reset(); }
  T& take() { return *pointer_.take(); }
  void take_from(slot& other) { pointer_.take_from(other.pointer_); }

 private:
  slot<T*> pointer_;
};

template <>
class slot<void> {
 public:
  void emplace() noexcept {}
  void fail(std::exception_ptr error) noexcept { error_ = std::move(error); }
  [[nodiscard]] bool has_value() const noexcept { return error_ == nullptr; }
  [[nodiscard]] bool has_error() const noexcept { return error_ != nullptr; }
  // A void result can be taken any number of times.
  [[nodiscard]] bool empty() const noexcept { return false; }
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }
  void reset() noexcept {}
  void take() {
    if (has_error()) [[unlikely]]
      std::rethrow_exception(std::move(error_));
  }
  void take_from(slot& other) noexcept { error_ = std::move(other.error_); }

 private:
  std::exception_ptr error_;
};

}  // namespace lariat::detail
