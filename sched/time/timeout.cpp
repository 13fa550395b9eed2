#include <lariat/sched/time/timeout.hpp>

#include <lariat/sched/cancel/detail/is_cancelled.hpp>
#include <lariat/sched/loop/detail/task_text.hpp>
#include <lariat/sched/text/detail/duration_text.hpp>
#include <lariat/sched/text/detail/site_text.hpp>

#include <algorithm>
#include <new>
#include <stdexcept>

namespace lariat {

timeout_error::timeout_error() : timeout_error({}, {}) {}

timeout_error::timeout_error(std::source_location set_at, std::string_view limit)
    : std::system_error(std::make_error_code(std::errc::timed_out)),
      set_at_(set_at),
      text_(std::make_shared<std::string>("timeout: the time was up" + std::string(limit))) {}

// Does not use the text of the error category, "Connection timed out", which would mislead.
const char* timeout_error::what() const noexcept { return text_->c_str(); }

void deadline::arm(loop& owner, clock_ns when) noexcept {
  owner_ = &owner;
  when_.store(std::max<clock_ns>(when, 0), std::memory_order_relaxed);
  owner.timers().insert(timer_, when_ns());
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
  moved_ = true;
}

namespace detail {
namespace {

// What the task waits in, beneath what waits for one child.
const operation* innermost_wait(const context& task) {
  const operation* in = task.waiting_in();
  while (in != nullptr) {
    const context* const child = in->only_child();
    if (child == nullptr || child->waiting_in() == nullptr) break;
    in = child->waiting_in();
  }
  return in;
}

}  // namespace

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
  if (const operation* const in = innermost_wait(*child); in != nullptr) {
    ended_in_.reset(new (std::nothrow) wait{in->info(), written_site(*in)});
  }
  child->cancel("the time was up");
}

woken_by timeout_base::depends_on(dependency_visitor& visit) const {
  const bool by_time = !expired() && when().time_since_epoch().count() != no_deadline;
  return by_time ? woken_by::anything : one_child_operation::depends_on(visit);
}

void timeout_base::child_finished(context& child, const std::exception_ptr& error) noexcept {
  disarm();
  child_ended(child, error);
  // An expiry that is queued already is run before what this queues, so it finds the object alive.
  complete();
}

bool timeout_base::timed_out() const noexcept {
  return expired() && is_cancelled(error()) && !ended_by_own_cancel();
}

std::string timeout_base::limit_text() const {
  std::string text = " (";
  if (moved()) {
    text += "moved, ";
  } else if (kind_ == sleep_operation::kind::delay) {
    text += duration_text(time_) + ", ";
  }
  text += "set at " + site_text(written_site(*this)) + ')';
  if (ended_in_ != nullptr) {
    text += " in " + operation_text(ended_in_->in);
    if (ended_in_->at.line() != 0) text += " at " + site_text(ended_in_->at);
  }
  return text;
}

void timeout_base::rethrow_error() const {
  if (timed_out()) throw timeout_error(written_site(*this), limit_text());
  one_child_operation::rethrow_error();
}

}  // namespace detail
}  // namespace lariat
