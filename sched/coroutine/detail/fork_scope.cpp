#include <lariat/sched/coroutine/detail/fork_scope.hpp>

#include <lariat/sched/cancel/cancelled.hpp>

#include <sched.h>

namespace lariat::detail {

constinit std::atomic<std::uint32_t> fork_scope::disturbed_scopes_{0};

// Counted before the state is set, so that the count is never too low: then a fork would overlook
// that a scope is disturbed.
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
    // Without the lock, because `stop` calls functions of users, which may wait for anything.
    // `stoppers_` keeps the nested scope from leaving meanwhile.
    ++each->stoppers_;
    lock.unlock();
    each->stop();
    lock.lock();
    --each->stoppers_;
    each = nested_;  // The list may have changed meanwhile.
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
  // The outer scope may have been stopped before; a later stop finds this scope in the list.
  if (outer.stopped()) stop();
}

void fork_scope::leave_outer() noexcept {
  if (outer_ == nullptr) return;
  std::unique_lock lock(outer_->mutex_);
  (previous_ == nullptr ? outer_->nested_ : previous_->next_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  while (stoppers_ != 0) {  // Rare; ~stop_callback waits likewise.
    lock.unlock();
    ::sched_yield();
    lock.lock();
  }
}

}  // namespace lariat::detail
