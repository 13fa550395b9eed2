#include <lariat/sched/time/timer.hpp>

#include <lariat/sched/loop/detail/home_loop.hpp>
#include <lariat/sched/loop/loop.hpp>

#include <stdexcept>

namespace lariat {

bool sleep_operation::start() noexcept {
  if (must_cancel()) {
    cancelled_ = true;
    return false;
  }
  suspend();
  const clock_ns time = timer_.deadline();
  const clock_ns now = owner().now();
  const clock_ns deadline = kind_ == kind::delay ? detail::deadline_after(now, time) : time;
  if (deadline <= now) {
    complete();
  } else {
    owner().timers().insert(timer_, deadline);
  }
  return true;
}

void sleep_operation::cancel() noexcept {
  if (!timer_.armed()) return;  // It has fired, and is queued already.
  cancelled_ = true;
  owner().timers().cancel(timer_);
  complete();
}

interval::interval(clock_ns period, missed_ticks missed) : period_(period), missed_(missed) {
  if (period <= 0) throw std::invalid_argument("lariat: interval: the period must be positive");
}

void interval::reset() {
  next_ = detail::deadline_after(detail::require_home_loop("interval::reset").now(), period_);
}

task<steady_time> interval::tick() {
  loop& owner = detail::require_home_loop("interval::tick");
  if (next_ < 0) next_ = owner.now();
  const clock_ns due = next_;
  co_await sleep_operation(due, sleep_operation::kind::deadline);
  const clock_ns now = owner.now();
  next_ = detail::deadline_after(due, period_);
  if (next_ <= now && missed_ == missed_ticks::delay) {
    next_ = detail::deadline_after(now, period_);
  } else if (next_ <= now && missed_ == missed_ticks::skip) {
    next_ = detail::deadline_after(due, ((now - due) / period_ + 1) * period_);
  }
  co_return steady_time(std::chrono::nanoseconds(due));
}

}  // namespace lariat
