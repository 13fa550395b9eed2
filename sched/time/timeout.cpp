#include <lariat/sched/time/timeout.hpp>

#include <lariat/sched/cancel/detail/is_cancelled.hpp>

#include <algorithm>
#include <stdexcept>

namespace lariat {

timeout_error::timeout_error()
    : std::system_error(std::make_error_code(std::errc::timed_out), "timeout") {}

// Does not use the text of the error category, "Connection timed out", which would mislead.
const char* timeout_error::what() const noexcept { return "timeout: the time was up"; }

void deadline::arm(loop& owner, clock_ns when) noexcept {
  owner_ = &owner;
  when_ = std::max<clock_ns>(when, 0);
  owner.timers().insert(timer_, when_);
}

void deadline::disarm() noexcept {
  if (timer_.armed()) owner_->timers().cancel(timer_);
}

void deadline::move_to(clock_ns when) {
  if (loop::current() != owner_) {
    throw std::logic_error(
        "lariat: deadline: only the thread of its loop may change it. A task that runs on a pool "
        "may read it");
  }
  if (!timer_.armed()) return;  // It has expired, the expiry is queued, or the body has ended.
  disarm();
  arm(*owner_, when);
}

namespace detail {

bool timeout_base::start() {
  if (refuse_if_cancelled()) return false;
  const clock_ns now = owner().now();
  // However near the deadline is, the child runs to its first suspension: it is queued in this
  // turn, and timers queue their steps only at the end of a turn, behind it.
  arm(owner(), kind_ == sleep_operation::kind::delay ? deadline_after(now, time_) : time_);
  try {
    // This calls the body of `with_deadline`, which may throw.
    child_started(start_child(task_context(), await_site()));
  } catch (...) {
    disarm();
    throw;
  }
  suspend();
  return true;
}

void timeout_base::expire() noexcept {
  context* const child = running_child();
  if (child == nullptr) return;  // The child ended while the expiry was queued.
  mark_expired();
  child->cancel("the time was up");
}

woken_by timeout_base::depends_on(dependency_visitor& visit) const {
  const bool by_time = !expired() && when().time_since_epoch().count() != no_deadline;
  return by_time ? woken_by::anything : one_child_operation::depends_on(visit);
}

void timeout_base::child_finished(context&, const std::exception_ptr& error) noexcept {
  disarm();
  child_ended(error);
  // An expiry that is queued already is run before what this queues, so it finds the object alive.
  complete();
}

bool timeout_base::timed_out() const noexcept {
  return expired() && is_cancelled(error()) && !ended_by_own_cancel();
}

void timeout_base::rethrow_error() const {
  if (timed_out()) throw timeout_error();
  one_child_operation::rethrow_error();
}

}  // namespace detail
}  // namespace lariat
