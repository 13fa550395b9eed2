#pragma once

#include <mutex>
#include <utility>

namespace lariat::detail {

/// Holds a lock, and gives it up when it goes: what `co_await m.lock()` gives. Moves; a subset of
/// std::unique_lock.
///
/// `Policy` says what is held, by `lockable`, and how that is given up, by `unlock(lockable&)`;
/// `moved(lockable&)` is told when the lock may have gone to another task.
///
/// \par Threads
/// One thread at a time, but any.
template <class Policy>
class [[nodiscard("the lock is given up when the guard goes")]] basic_guard {
 public:
  using lockable = typename Policy::lockable;

  /// Holds nothing.
  basic_guard() noexcept = default;
  /// Takes over a lock that is held: what `release` let go of.
  basic_guard(lockable& held, std::adopt_lock_t) noexcept : held_(&held) {}
  basic_guard(basic_guard&& other) noexcept : held_(other.release()) {}
  basic_guard& operator=(basic_guard&& other) noexcept {
    basic_guard(std::move(other)).swap(*this);
    return *this;
  }
  ~basic_guard() { unlock(); }

  void swap(basic_guard& other) noexcept {
    lockable* mine = release();
    held_ = other.release();
    other.held_ = mine;
  }

  [[nodiscard]] bool owns_lock() const noexcept { return held_ != nullptr; }
  [[nodiscard]] explicit operator bool() const noexcept { return owns_lock(); }

  /// What it holds; null if nothing.
  [[nodiscard]] lockable* mutex() const noexcept { return held_; }

  /// Gives the lock up now. Does nothing if it holds none.
  void unlock() noexcept {
    if (held_ != nullptr) Policy::unlock(*std::exchange(held_, nullptr));
  }

  /// Lets go of the lock without giving it up: somebody else has to.
  lockable* release() noexcept {
    if (held_ != nullptr) Policy::moved(*held_);
    return std::exchange(held_, nullptr);
  }

 private:
  lockable* held_ = nullptr;
};

}  // namespace lariat::detail
