#pragma once

#include <lariat/sched/thread/detail/backoff.hpp>

#include <sched.h>

#include <atomic>

namespace lariat::detail {

/// A lock for critical sections of a few instructions. Costs one atomic operation while no other
/// thread holds it; otherwise the thread spins. A holder must not block, because the threads that
/// wait burn CPU time meanwhile.
class spin_lock {
 public:
  spin_lock() = default;
  spin_lock(const spin_lock&) = delete;
  spin_lock& operator=(const spin_lock&) = delete;

  void lock() noexcept {
    // Acquire: pairs with the release in `unlock`, so that a holder sees what the last one wrote.
    while (taken_.exchange(true, std::memory_order_acquire)) [[unlikely]]
      wait();
  }
  void unlock() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  // Yields if the lock is not released soon, because the holder may have lost its CPU. Relaxed: the
  // exchange in `lock` is what orders.
  void wait() const noexcept {
    constexpr int looks = 100;
    const auto given_up = [this] { return !taken_.load(std::memory_order_relaxed); };
    if (!spin_until(looks, given_up)) ::sched_yield();
  }

  std::atomic<bool> taken_{false};
};

}  // namespace lariat::detail
