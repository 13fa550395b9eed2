#include <lariat/sched/coroutine/detail/fork_scope.hpp>

#include <lariat/sched/cancel/cancelled.hpp>

#include <sched.h>

namespace lariat::detail {

constinit std::atomic<std::uint32_t> fork_scope::disturbed_scopes_{0};

// Counted before the state is set: the count is never lower than it should be, or a fork would
// overlook what is the matter with another scope.
void fork_scope::note_disturbed() noexcept {
  disturbed_scopes_.fetch_add(1, std::memory_order_relaxed);
}
void fork_scope::note_calm() noexcept { disturbed_scopes_.fetch_sub(1, std::memory_order_relaxed); }

void fork_scope::check_stopped() const {
  if (stopped()) throw operation_cancelled({});
}

void fork_scope::stop() noexcept {
  note_disturbed();
  if (state_.fetch_or(stopped_bit, std::memory_order_relaxed) != 0) note_calm();
  if (on_stop_ != nullptr) on_stop_(*this);
  std::unique_lock lock(mutex_);
  for (fork_scope* each = nested_; each != nullptr;) {
    if (each->stopped()) {
      each = each->next_;
      continue;
    }
    // Without the lock: it calls what users gave, which may wait for anything. Until it is back the
    // nested call does not leave.
    ++each->stoppers_;
    lock.unlock();
    each->stop();
    lock.lock();
    --each->stoppers_;
    each = nested_;  // It may be another list by now.
  }
}

void fork_scope::failed() noexcept {
  if (stop_on_failure) {
    stop();
  } else {
    note_disturbed();
    if (state_.fetch_add(one_failure, std::memory_order_relaxed) != 0) note_calm();
  }
}

void fork_scope::recovered() noexcept {
  if (stop_on_failure) return;
  if (state_.fetch_sub(one_failure, std::memory_order_relaxed) == one_failure) note_calm();
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
  std::unique_lock lock(outer_->mutex_);
  (previous_ == nullptr ? outer_->nested_ : previous_->next_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  while (stoppers_ != 0) {  // Rare, and as ~stop_callback does.
    lock.unlock();
    ::sched_yield();
    lock.lock();
  }
}

}  // namespace lariat::detail
