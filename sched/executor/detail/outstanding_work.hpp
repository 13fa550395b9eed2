#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>

namespace lariat::detail {

/// What keeps the loops of a runtime running (asio's outstanding work): one unit for each loop, and
/// one for each task or call that is on its way to a loop from another thread.
///
/// A loop that was told to close gives its unit up when nothing lives on it, and takes one again
/// when a task arrives, which brought a unit along. So when the last unit goes all loops are idle,
/// nothing is on its way between them, and nothing can come any more: they end, all at once, and
/// no cleanup waits for a loop that has gone. Protocol: sched/README.md, "Shutdown".
class outstanding_work {
 public:
  using hook = void (*)(void* state) noexcept;

  /// `ended(state)` is called once, by the thread that gives up the last unit.
  outstanding_work(std::size_t units, hook ended, void* state) noexcept
      : word_(units * unit), ended_(ended), state_(state) {}
  outstanding_work(const outstanding_work&) = delete;
  outstanding_work& operator=(const outstanding_work&) = delete;

  /// For what comes from outside: false once it is closed, or all has ended. Any thread.
  [[nodiscard]] bool try_add() noexcept {
    std::size_t word = word_.load(std::memory_order_relaxed);
    while (word >= unit && (word & closed_bit) == 0) {
      if (add_to(word)) return true;
    }
    return false;
  }

  /// For what a task of these loops makes: false only if all has ended. Any thread.
  [[nodiscard]] bool try_add_within() noexcept {
    std::size_t word = word_.load(std::memory_order_relaxed);
    while (word >= unit) {
      if (add_to(word)) return true;
    }
    return false;
  }

  /// From here on nothing comes from outside.
  void close() noexcept {
    // Relaxed: a unit was taken before this or is not to be had, by the order of the one word.
    word_.fetch_or(closed_bit, std::memory_order_relaxed);
  }

  void remove() noexcept {
    // Both: the last one sees what all others did before they gave up theirs.
    const std::size_t before = word_.fetch_sub(unit, std::memory_order_acq_rel);
    assert(before >= unit && "more units of work were given up than taken");
    if (before / unit == 1) ended_(state_);
  }

 private:
  static constexpr std::size_t closed_bit = 1;
  static constexpr std::size_t unit = 2;

  bool add_to(std::size_t& word) noexcept {
    // Relaxed: what the unit keeps running is reached through the inbox, which orders.
    return word_.compare_exchange_weak(word, word + unit, std::memory_order_relaxed,
                                       std::memory_order_relaxed);
  }

  std::atomic<std::size_t> word_;
  hook ended_;
  void* state_;
};

}  // namespace lariat::detail
