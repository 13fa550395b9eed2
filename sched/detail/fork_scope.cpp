#include <lariat/sched/detail/fork_scope.hpp>

#include <lariat/sched/cancelled.hpp>

namespace lariat::detail {

void fork_scope::check_stopped() const {
  if (stopped()) throw operation_cancelled({});
}

void fork_scope::stop() noexcept {
  state_.fetch_or(stopped_bit, std::memory_order_relaxed);
  if (on_stop_ != nullptr) on_stop_(*this);
  const std::lock_guard lock(mutex_);
  for (fork_scope* each = nested_; each != nullptr; each = each->next_) each->stop();
}

void fork_scope::failed() noexcept {
  if (stop_on_failure) {
    stop();
  } else {
    state_.fetch_add(one_failure, std::memory_order_relaxed);
  }
}

void fork_scope::recovered() noexcept {
  if (!stop_on_failure) state_.fetch_sub(one_failure, std::memory_order_relaxed);
}

void fork_scope::nest_in(fork_scope& outer) noexcept {
  outer_ = &outer;
  {
    const std::lock_guard lock(outer.mutex_);
    next_ = outer.nested_;
    if (next_ != nullptr) next_->previous_ = this;
    outer.nested_ = this;
  }
  // It may have been stopped before: whoever does it later finds this one in the list.
  if (outer.stopped()) stop();
}

void fork_scope::leave_outer() noexcept {
  if (outer_ == nullptr) return;
  const std::lock_guard lock(outer_->mutex_);
  (previous_ == nullptr ? outer_->nested_ : previous_->next_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

}  // namespace lariat::detail
