#include <lariat/sched/sync/shared_mutex.hpp>

#include <lariat/sched/loop/detail/debug_options.hpp>
#include <lariat/sched/report/detail/wait_chain.hpp>

namespace lariat {

shared_mutex::~shared_mutex() {
  assert(holders_ == 0 && "a shared_mutex was destroyed while it was locked");
}

shared_mutex::guard shared_mutex::try_lock() {
  require_here("shared_mutex::try_lock");
  return take(true) ? guard(*this, std::adopt_lock) : guard();
}

shared_mutex::shared_guard shared_mutex::try_lock_shared() {
  require_here("shared_mutex::try_lock_shared");
  return take(false) ? shared_guard(*this, std::adopt_lock) : shared_guard();
}

void shared_mutex::let_in() noexcept {
  while (!waiters_.empty() && enter(waiters_.front().exclusive_)) {
    known_.add(waiters_.front(), 1);
    waiters_.front().wake();
  }
}

namespace detail {

void shared_mutex_wait::enqueue() {
  if (deadlock_checks()) refuse_deadlock(*this);
  wanted_->waiters_.push(*this);
}

woken_by shared_mutex_wait::depends_on(dependency_visitor& visit) const {
  if (served()) return woken_by::anything;
  // Readers have it: a reader waits for the writer at the head of the queue.
  if (!exclusive_ && wanted_->holders_ < shared_mutex::writer) {
    if (wanted_->waiters_.empty()) return woken_by::somebody;
    const promise_base* const first = wanted_->waiters_.front().waiter();
    if (first == nullptr) return woken_by::somebody;
    (void)visit.task(*first->task_context());
    return woken_by::all_of;
  }
  return wanted_->known_.visit(visit, wanted_->held()) ? woken_by::all_of : woken_by::somebody;
}

// A writer that waited held up the readers behind it.
void shared_mutex_wait::withdrawn() noexcept { wanted_->let_in(); }

}  // namespace detail
}  // namespace lariat
