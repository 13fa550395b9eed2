#include <lariat/sched/sync/semaphore.hpp>

#include <lariat/sched/loop/detail/debug_options.hpp>
#include <lariat/sched/report/detail/wait_chain.hpp>

#include <stdexcept>

namespace lariat {

semaphore::semaphore(std::size_t permits, std::size_t limit)
    : free_(permits), limit_(limit), known_(permits == limit) {
  if (permits > limit) {
    throw std::invalid_argument("lariat: semaphore: it has more permits than its limit");
  }
}

semaphore::permit semaphore::try_acquire(std::size_t count) {
  require_here("semaphore::try_acquire");
  return take(count) ? permit(*this, count) : permit();
}

// Stops at the first waiter that wants more than is free: those behind it came later and must not
// overtake it.
void semaphore::hand_out() noexcept {
  while (!waiters_.empty() && waiters_.front().count_ <= free_) {
    free_ -= waiters_.front().count_;
    known_.add(waiters_.front(), waiters_.front().count_);
    waiters_.front().wake();
  }
}

void semaphore::throw_over_limit() {
  throw std::logic_error("lariat: semaphore::release: more permits than its limit");
}

void semaphore::apply(std::uint64_t count) noexcept {
  if (count > limit_ - free_) {
    die_misused("semaphore::release, on another thread: more permits than its limit.");
  }
  release_here(count);
}

woken_by acquire_operation::depends_on(dependency_visitor& visit) const {
  if (served()) return woken_by::anything;
  semaphore& wanted = from();
  if (!wanted.known_.visit(visit, wanted.limit_ - wanted.free_)) return woken_by::somebody;
  // A task behind the first in the queue also waits for that one: free permits may be too few for
  // the first, and nobody overtakes it until it is served or gives up.
  if (wanted.waiters_.empty() || &wanted.waiters_.front() == this) return woken_by::any_of;
  const detail::promise_base* const first = wanted.waiters_.front().waiter();
  if (first == nullptr) return woken_by::somebody;
  (void)visit.task(*first->task_context());
  return woken_by::any_of;
}

void acquire_operation::enqueue() {
  if (count_ > from().limit_) {
    throw std::logic_error(
        "lariat: semaphore::acquire: more permits than its limit: they would "
        "never come");
  }
  if (detail::deadlock_checks()) detail::refuse_deadlock(*this);
  from().waiters_.push(*this);
}

}  // namespace lariat
