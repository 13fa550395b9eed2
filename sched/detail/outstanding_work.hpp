#pragma once

#include <atomic>
#include <cstddef>

namespace lariat::detail {

/// What keeps the loops of a runtime running (asio's outstanding work): one unit for each loop, and
/// one for each task that is on its way to a loop from another thread.
///
/// A loop that was told to close gives its unit up when nothing lives on it, and takes one again
/// when a task arrives, which brought a unit along. So when the last unit goes all loops are idle,
/// nothing is on its way between them, and nothing can come any more: they end, all at once, and
/// no cleanup waits for a loop that has gone.
class outstanding_work {
 public:
  using hook = void (*)(void* state) noexcept;

  /// `ended(state)` is called once, by the thread that gives up the last unit.
  outstanding_work(std::size_t units, hook ended, void* state) noexcept
      : units_(units), ended_(ended), state_(state) {}
  outstanding_work(const outstanding_work&) = delete;
  outstanding_work& operator=(const outstanding_work&) = delete;

  /// False if all has ended. Any thread.
  [[nodiscard]] bool try_add() noexcept {
    std::size_t units = units_.load(std::memory_order_relaxed);
    while (units != 0) {
      // Relaxed: what the unit keeps running is reached through the inbox, which orders.
      if (units_.compare_exchange_weak(units, units + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  /// For whom another unit holds open meanwhile.
  void add() noexcept { units_.fetch_add(1, std::memory_order_relaxed); }

  void remove() noexcept {
    // Both: the last one sees what all others did before they gave up theirs.
    if (units_.fetch_sub(1, std::memory_order_acq_rel) == 1) ended_(state_);
  }

 private:
  std::atomic<std::size_t> units_;
  hook ended_;
  void* state_;
};

}  // namespace lariat::detail
