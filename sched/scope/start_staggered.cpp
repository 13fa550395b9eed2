#include <lariat/sched/scope/start_staggered.hpp>

#include <lariat/sched/cancel/detail/is_cancelled.hpp>
#include <lariat/sched/loop/loop.hpp>

#include <stdexcept>

namespace lariat::detail {

staggered_base::staggered_base(std::size_t count, clock_ns delay) : count_(count), delay_(delay) {
  if (count == 0) {
    throw std::invalid_argument("lariat: start_staggered of an empty range: nothing can succeed");
  }
}

bool staggered_base::start() noexcept {
  if (must_cancel()) {
    refused_ = true;
    return false;
  }
  suspend();
  start_next();
  return true;
}

void staggered_base::start_next() noexcept {
  if (timer_.armed()) owner().timers().cancel(timer_);
  ++running_;
  start_child(started_++, task_context(), await_site());
  if (started_ < count_) {
    owner().timers().insert(timer_, deadline_after(owner().now(), delay_));
  }
}

void staggered_base::time_is_up() noexcept {
  // While this was queued the one before may have failed, so the next has begun; or all is over,
  // and then the task is queued behind this.
  if (timer_.armed() || started_ == count_ || winner_ != nobody || cancelled_) return;
  start_next();
}

void staggered_base::cancel() noexcept {
  cancelled_ = true;
  if (started_ < count_) cut_short_ = true;
  end_rest({});
}

void staggered_base::end_rest(std::string_view reason) noexcept {
  if (timer_.armed()) owner().timers().cancel(timer_);
  for (std::size_t index = 0; index < started_; ++index) {
    context& each = child_at(index);
    if (each.live()) each.cancel(reason);
  }
}

woken_by staggered_base::depends_on(dependency_visitor& visit) const {
  if (timer_.armed()) return woken_by::anything;
  for (std::size_t index = 0; index < started_; ++index) {
    if (child_at(index).live() && !visit.task(child_at(index))) break;
  }
  return woken_by::any_of;  // See child_group.
}

void staggered_base::child_finished(context& child, const std::exception_ptr& error) noexcept {
  --running_;
  if (error == nullptr) {
    if (winner_ == nobody) {
      for (std::size_t index = 0; index < started_; ++index) {
        if (&child_at(index) == &child) winner_ = index;
      }
      end_rest("another attempt has succeeded");
    }
  } else if (winner_ == nobody) {
    if (cancelled_ && is_cancelled(error)) cut_short_ = true;
    errors_.push_back(error);
    const bool newest = &child == &child_at(started_ - 1);
    if (newest && !cancelled_ && started_ < count_) return start_next();
  }
  if (running_ == 0) complete();
}

std::size_t staggered_base::winner() const {
  if (winner_ != nobody) return winner_;
  if (refused_ || cut_short_) throw_cancelled();
  throw exception_group("start_staggered", errors_);
}

}  // namespace lariat::detail
