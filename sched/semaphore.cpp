#include <lariat/sched/semaphore.hpp>

#include <stdexcept>

namespace lariat {

semaphore::semaphore(std::size_t permits, std::size_t limit) : free_(permits), limit_(limit) {
  if (permits > limit) {
    throw std::invalid_argument("lariat: semaphore: it has more permits than its limit");
  }
}

semaphore::permit semaphore::try_acquire(std::size_t count) {
  require_here("semaphore::try_acquire");
  return take(count) ? permit(*this, count) : permit();
}

// Stops at the first who wants more than there is: the others came later.
void semaphore::hand_out() noexcept {
  while (!waiters_.empty() && waiters_.front().count_ <= free_) {
    free_ -= waiters_.front().count_;
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

void acquire_operation::enqueue() {
  if (count_ > from().limit_) {
    throw std::logic_error(
        "lariat: semaphore::acquire: more permits than its limit: they would "
        "never come");
  }
  from().waiters_.push(*this);
}

}  // namespace lariat
