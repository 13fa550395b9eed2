#pragma once

#include <lariat/sched/thread/detail/backoff.hpp>

#include <sched.h>

#include <atomic>

namespace lariat::detail {

/// A lock for critical sections of a few instructions; one atomic operation if it is free. Nothing
/// may block or throw under it.
class spin_lock {
 public:
  spin_lock() = default;
  spin_lock(const spin_lock&) = delete;
  spin_lock& operator=(const spin_lock&) = delete;

  void lock() noexcept {
    // Acquire: pairs with `unlock`.
    while (taken_.exchange(true, std::memory_order_acquire)) [[unlikely]]
      wait();
  }
  void unlock() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  // Not in line: it is rare. After a while whoever has it may have lost its CPU.
  void wait() const noexcept {
    constexpr int looks = 100;
    const auto given_up = [this] { return !taken_.load(std::memory_order_relaxed); };
    if (!spin_until(looks, given_up)) ::sched_yield();
  }

  std::atomic<bool> taken_{false};
};

}  // namespace lariat::detail
