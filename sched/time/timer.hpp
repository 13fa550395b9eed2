#pragma once

#include <lariat/sched/executor/detail/timer_wheel.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/task/task.hpp>

#include <chrono>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace lariat {

/// The clock of deadlines: monotonic, so nobody can set it back.
using steady_time = std::chrono::steady_clock::time_point;

namespace detail {

/// `now + delay`, at most `no_deadline`. Delays of any unit and size.
template <class Rep, class Period>
[[nodiscard]] constexpr clock_ns saturating_ns(std::chrono::duration<Rep, Period> delay) noexcept {
  using floating_ns = std::chrono::duration<long double, std::nano>;
  const auto exact = std::chrono::duration_cast<floating_ns>(delay).count();
  if (!(exact > 0)) return 0;
  if (exact >= static_cast<long double>(no_deadline)) return no_deadline;
  const auto whole = static_cast<clock_ns>(exact);
  return static_cast<long double>(whole) < exact ? whole + 1 : whole;  // Never early.
}
template <class Rep>
[[nodiscard]] constexpr clock_ns saturating_ns(std::chrono::duration<Rep, std::nano> delay) noexcept
  requires(std::is_integral_v<Rep>)
{
  if (delay.count() <= 0) return 0;
  return std::in_range<clock_ns>(delay.count()) ? static_cast<clock_ns>(delay.count())
                                                : no_deadline;
}
[[nodiscard]] constexpr clock_ns deadline_after(clock_ns now, clock_ns delay) noexcept {
  return delay > no_deadline - now ? no_deadline : now + delay;
}
[[nodiscard]] constexpr clock_ns to_clock(steady_time when) noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
}

}  // namespace detail

/// The awaitable of `sleep_for` and `sleep_until`.
class [[nodiscard]] sleep_operation final : public detail::starting_operation<sleep_operation> {
 public:
  enum class kind : unsigned char { delay, deadline };
  sleep_operation(clock_ns time, kind what) noexcept : kind_(what), timer_(*this, time) {}
  sleep_operation(const sleep_operation& other) noexcept
      : starting_operation(other), kind_(other.kind_), timer_(*this, other.timer_.deadline()) {}

  void await_resume() const {
    if (cancelled_) [[unlikely]]
      throw_cancelled();
  }

  void cancel() noexcept override;
  [[nodiscard]] operation_info info() const noexcept override { return {"sleep"}; }

 private:
  friend starting_operation;
  bool start() noexcept;

  // There may be a million of these: the small members share a word with the base's.
  kind kind_;
  bool cancelled_ = false;
  detail::timer_entry timer_;  // Until it is armed its deadline holds the argument, of either kind.
};

/// Suspends the task for at least `delay`; zero or less is one `yield`. No allocation, and no
/// system call for each sleep: the loop waits for the nearest deadline, or for those in the 16 us
/// after it.
///
/// \par Cancellation
/// Ends at once by operation_cancelled. A sleep whose time has come is not cancelled any more.
template <class Rep, class Period>
[[nodiscard]] sleep_operation sleep_for(std::chrono::duration<Rep, Period> delay) noexcept {
  return {detail::saturating_ns(delay), sleep_operation::kind::delay};
}

/// Suspends the task until `when`; one `yield` if that is past. See `sleep_for`.
///
/// \par Cancellation
/// As for `sleep_for`.
[[nodiscard]] inline sleep_operation sleep_until(steady_time when) noexcept {
  return {detail::to_clock(when), sleep_operation::kind::deadline};
}

/// What an interval does about ticks that came due while no task waited (Tokio's
/// MissedTickBehavior).
enum class missed_ticks : unsigned char {
  burst,  ///< Gives each of them at once, then goes on by the old schedule.
  delay,  ///< Gives one, and counts the period from then.
  skip,   ///< Gives one, and goes on at the next multiple of the period.
};

/// A clock that ticks every period; the first tick comes at once.
class interval {
 public:
  /// \throws std::invalid_argument if `period` is not positive.
  template <class Rep, class Period>
  explicit interval(std::chrono::duration<Rep, Period> period,
                    missed_ticks missed = missed_ticks::burst)
      : interval(detail::saturating_ns(period), missed) {}

  /// Waits for the next tick, and gives the time at which it was due.
  ///
  /// \par Cancellation
  /// A cancelled tick is not lost: the next call waits for it again.
  [[nodiscard]] task<steady_time> tick();

  /// Lets the next tick come one period from now.
  void reset();

 private:
  interval(clock_ns period, missed_ticks missed);

  clock_ns period_;
  clock_ns next_ = -1;  // Negative: the first tick, which is due when it is asked for.
  missed_ticks missed_;
};

}  // namespace lariat
