#include <lariat/sched/sync/condition.hpp>

#include <stdexcept>

namespace lariat {

void condition::notify_here(std::uint64_t count) noexcept {
  for (; count > 0 && !waiters_.empty(); --count) waiters_.front().lock_again();
}

void condition_wait::enqueue() {
  if (!guard_->owns_lock()) {
    throw std::logic_error("lariat: condition::wait: the guard holds no mutex");
  }
  give_up(*guard_->mutex());
  awaited_->waiters_.push(*this);
}

void condition_wait::cancel() noexcept {
  if (notified_ || !waits()) return;
  mark_cancelled();
  lock_again();
}

// Moves the task to the mutex's list instead of waking it: woken at once it would mostly find the
// mutex locked, by whoever notified.
void condition_wait::lock_again() noexcept {
  notified_ = true;
  leave();
  if (take()) {
    complete();
  } else {
    queue_up();
  }
}

}  // namespace lariat
