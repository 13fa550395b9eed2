#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>

namespace lariat::detail {

/// What keeps the loops of a runtime running (asio's outstanding work): one unit for each loop, and
/// one for each task or call that is on its way to a loop from another thread.
///
/// A loop that was told to close gives up its unit when no task lives on it, and takes one again
/// when a task arrives, which holds a unit until then. So when the last unit is given up all loops
/// are idle, nothing is on its way between them, and nothing can come any more: they all end
/// together, and no cleanup waits for a loop that has ended. Protocol: sched/README.md, "Shutdown".
/// A template so that the model checks the same text.
template <class Word>
class basic_outstanding_work {
 public:
  using hook = void (*)(void* state) noexcept;

  /// `ended(state)` is called once, by the thread that gives up the last unit.
  basic_outstanding_work(std::size_t units, hook ended, void* state) noexcept
      : word_(units * unit), ended_(ended), state_(state) {}
  basic_outstanding_work(const basic_outstanding_work&) = delete;
  basic_outstanding_work& operator=(const basic_outstanding_work&) = delete;

  /// Adds a unit for work from outside. False once this is closed, or the last unit is gone. Any
  /// thread.
  [[nodiscard]] bool try_add() noexcept {
    std::size_t word = word_.load(std::memory_order_relaxed);
    while (word >= unit && (word & closed_bit) == 0) {
      if (add_to(word)) return true;
    }
    return false;
  }

  /// Adds a unit for work that a task of these loops makes. False only if the last unit is gone.
  /// Any thread.
  [[nodiscard]] bool try_add_within() noexcept {
    std::size_t word = word_.load(std::memory_order_relaxed);
    while (word >= unit) {
      if (add_to(word)) return true;
    }
    return false;
  }

  /// From here on no work from outside is accepted.
  void close() noexcept {
    // Relaxed: by the modification order of the one word a unit was either taken before this, or is
    // refused.
    word_.fetch_or(closed_bit, std::memory_order_relaxed);
  }

  void remove() noexcept {
    // Release and acquire: the last one to give up a unit sees what all others did before.
    const std::size_t before = word_.fetch_sub(unit, std::memory_order_acq_rel);
    assert(before >= unit && "more units of work were given up than taken");
    if (before / unit == 1) ended_(state_);
  }

 private:
  static constexpr std::size_t closed_bit = 1;
  static constexpr std::size_t unit = 2;

  bool add_to(std::size_t& word) noexcept {
    // Relaxed: the work itself goes through an inbox, which orders.
    return word_.compare_exchange_weak(word, word + unit, std::memory_order_relaxed,
                                       std::memory_order_relaxed);
  }

  Word word_;
  hook ended_;
  void* state_;
};

using outstanding_work = basic_outstanding_work<std::atomic<std::size_t>>;

}  // namespace lariat::detail
