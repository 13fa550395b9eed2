#pragma once

#include <lariat/sched/thread/detail/pause.hpp>

#include <sched.h>

#include <algorithm>

namespace lariat::detail {

/// Pauses `count` times; a pause takes some 25 ns, depending on the processor.
inline void pause_times(unsigned count) noexcept {
  for (unsigned i = 0; i < count; ++i) pause();
}

/// Waits a short time for something that another thread is about to do: calls `found` until it
/// returns true, at most `looks` times, with a pause after each call. False if it never did. To
/// wait for longer, call this in a loop, and read the clock or yield the CPU between the calls.
template <class Found>
[[nodiscard]] bool spin_until(int looks, Found found) noexcept {
  for (int i = 0; i < looks; ++i) {
    if (found()) return true;
    pause();
  }
  return false;
}

/// How a worker that searches for work waits between two looks. Each look into another worker's
/// deque slows that worker down, so the pauses between looks grow; now and then the CPU is yielded.
class spin_backoff {
 public:
  static constexpr unsigned pauses_max = 16;  // About 0.4 us.

  /// \param crowded Whether there are too few CPUs for all threads, so that spinning keeps others
  /// from running. Then `wait` only yields the CPU, and ends the search after a few times.
  explicit spin_backoff(bool crowded) noexcept : crowded_(crowded) {}

  /// Waits between two looks. False if the caller should not look again.
  [[nodiscard]] bool wait() noexcept {
    if (crowded_) {
      if (--yields_left_ < 0) return false;
      ::sched_yield();
      return true;
    }
    // Searching workers may take all CPUs. Then another thread, for instance one that waits for a
    // result of the pool, can run only if one of them yields.
    if (++looks_ % looks_per_yield == 0) ::sched_yield();
    pause_times(pauses_);
    pauses_ = std::min(2 * pauses_, pauses_max);
    return true;
  }

 private:
  static constexpr int crowded_yields = 8;
  static constexpr unsigned looks_per_yield = 8;  // About 3 us, once the pauses are longest.

  const bool crowded_;
  int yields_left_ = crowded_yields;
  unsigned looks_ = 0;
  unsigned pauses_ = 1;
};

}  // namespace lariat::detail
