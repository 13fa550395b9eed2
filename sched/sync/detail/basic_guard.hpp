#pragma once

#include <mutex>
#include <utility>

namespace lariat::detail {

/// Holds a lock and unlocks in its destructor: the result of `co_await m.lock()`. Movable; a subset
/// of std::unique_lock.
///
/// `Policy::lockable` is the type of the mutex, `Policy::unlock(lockable&)` unlocks it, and
/// `Policy::moved(lockable&)` is called when the lock may have gone to another task.
///
/// \par Threads
/// Any thread may use it, one at a time.
template <class Policy>
class [[nodiscard("the lock is given up when the guard goes")]] basic_guard {
 public:
  using lockable = typename Policy::lockable;

  /// Holds nothing.
  basic_guard() noexcept = default;
  /// Takes over a lock that is already held, for example one that `release` gave away.
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

  /// The mutex that it holds; null if none.
  [[nodiscard]] lockable* mutex() const noexcept { return held_; }

  /// Unlocks now. Does nothing if it holds no lock.
  void unlock() noexcept {
    if (held_ != nullptr) Policy::unlock(*std::exchange(held_, nullptr));
  }

  /// Gives the mutex away, still locked: the caller is responsible for unlocking it.
  lockable* release() noexcept {
    if (held_ != nullptr) Policy::moved(*held_);
    return std::exchange(held_, nullptr);
  }

 private:
  lockable* held_ = nullptr;
};

}  // namespace lariat::detail
