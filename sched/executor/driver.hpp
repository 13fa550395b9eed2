#pragma once

#include <lariat/sched/thread/clock.hpp>

#include <cstdint>
#include <optional>

namespace lariat {

/// A loop's interface to the world: where the loop waits, and how it is woken.
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
  virtual clock_ns now() noexcept { return monotonic_now(); }

  /// The same, late by a few milliseconds at most: for times that are recorded often and read
  /// seldom.
  virtual clock_ns coarse_now() noexcept { return now(); }

  /// Whether it has operations in flight, whose completions will come without the loop's doing.
  [[nodiscard]] virtual bool busy() const noexcept { return false; }

  /// A random number that follows from a simulated driver's seed. Other drivers give none.
  virtual std::optional<std::uint64_t> random() noexcept { return std::nullopt; }

  /// Cancels what the driver still has in flight and waits for the last completion of each.
  /// Called once, before the loop is destroyed, on the loop's thread.
  virtual void drain() noexcept {}
};

}  // namespace lariat
