#pragma once

#include <lariat/sched/thread/detail/pause.hpp>

#include <sched.h>

#include <algorithm>

namespace lariat::detail {

/// So many pauses, of some 25 ns each.
inline void pause_times(unsigned count) noexcept {
  for (unsigned i = 0; i < count; ++i) pause();
}

/// Looks for what another thread is about to bring, up to `looks` times with a pause after each.
/// True as soon as `found()` is. Whoever spins for longer reads the clock, or gives its CPU away,
/// between such rounds.
template <class Found>
[[nodiscard]] bool spin_until(int looks, Found found) noexcept {
  for (int i = 0; i < looks; ++i) {
    if (found()) return true;
    pause();
  }
  return false;
}

/// What a thief does between looks, which slow down the owners that it looks at: pauses that grow,
/// and now and then it gives its CPU away.
class spin_backoff {
 public:
  static constexpr unsigned pauses_max = 16;  // About 0.4 us.

  /// `crowded`: there are not as many CPUs as threads, and whoever spins is in the way. Then it
  /// gives its CPU away a few times, and that is all.
  explicit spin_backoff(bool crowded) noexcept : crowded_(crowded) {}

  /// Between two looks. False if there is to be none any more.
  [[nodiscard]] bool wait() noexcept {
    if (crowded_) {
      if (--yields_left_ < 0) return false;
      ::sched_yield();
      return true;
    }
    // The thread that waits for what is brought may have no other CPU to run on.
    if (++looks_ % looks_per_yield == 0) ::sched_yield();
    pause_times(pauses_);
    pauses_ = std::min(2 * pauses_, pauses_max);
    return true;
  }

 private:
  static constexpr int crowded_yields = 8;
  static constexpr unsigned looks_per_yield = 8;  // Some 3 us.

  const bool crowded_;
  int yields_left_ = crowded_yields;
  unsigned looks_ = 0;
  unsigned pauses_ = 1;
};

}  // namespace lariat::detail
