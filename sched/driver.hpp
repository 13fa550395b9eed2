#pragma once

#include <cstdint>

namespace lariat {

/// A point on the monotonic clock, in nanoseconds; what timers and drivers count in.
using clock_ns = std::int64_t;

/// The deadline that never comes.
inline constexpr clock_ns no_deadline = INT64_MAX;

/// The opening through which a loop sees the world: where it waits, and who wakes it.
///
/// The ring driver (io layer), the futex driver (threads without a ring) and simulated kernels
/// implement it. A driver hands finished operations to its loop's ready queue and never resumes a
/// coroutine itself.
class driver {
 public:
  virtual ~driver() = default;

  /// Submits what is pending and collects what has finished, without waiting.
  virtual void poll() noexcept = 0;

  /// Submits what is pending, then waits until something finishes, `wake` is called or `deadline`
  /// has come. It may return early for no reason.
  virtual void park(clock_ns deadline) noexcept = 0;

  /// Ends a `park` in progress, or the next one.
  ///
  /// \par Threads
  /// Any thread.
  virtual void wake() noexcept = 0;

  /// The time now. A simulated driver's clock is its own; every other one's is CLOCK_MONOTONIC.
  virtual clock_ns now() noexcept;

  /// The same, late by a few milliseconds at most: for what is noted often and read seldom.
  virtual clock_ns coarse_now() noexcept { return now(); }

  /// Whether it has operations in flight: their ends will come without the loop's doing.
  [[nodiscard]] virtual bool busy() const noexcept { return false; }

  /// A random number. A simulated driver's follows from its seed; every other one's is from
  /// `system_random`.
  virtual std::uint64_t random() noexcept;

  /// Cancels what the driver still has in flight and waits for the last completion of each.
  /// Called once, before the loop is destroyed, on the loop's thread.
  virtual void drain() noexcept {}
};

/// Reads CLOCK_MONOTONIC; about 22 ns.
[[nodiscard]] clock_ns monotonic_now() noexcept;

/// A random number by a generator of this thread's, which the system has seeded. No secret: others
/// can be guessed from some.
[[nodiscard]] std::uint64_t system_random() noexcept;

}  // namespace lariat
