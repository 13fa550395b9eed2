#include <lariat/sched/sync/mutex.hpp>

#include <lariat/sched/loop/detail/debug_options.hpp>
#include <lariat/sched/report/detail/wait_chain.hpp>

namespace lariat {

mutex::guard mutex::try_lock() {
  require_here("mutex::try_lock");
  if (locked_) return guard();
  locked_ = true;
  holder_.store(0, std::memory_order_relaxed);  // Which task calls cannot be known.
  return {*this, std::adopt_lock};
}

void mutex::hand_over() noexcept {
  detail::mutex_wait& next = waiters_.front();
  // Before it runs, so that a task which comes in between does not find the mutex free.
  hold(next);
  next.wake();
}

namespace detail {

void mutex_wait::queue_up() noexcept { wanted_->waiters_.push(*this); }

void mutex_wait::give_up(mutex& held) {
  held.require(owner(), "mutex");
  wanted_ = &held;
  held.unlock_here();
}

woken_by mutex_wait::name_holder(dependency_visitor& visit) const {
  if (served()) return woken_by::anything;
  // Relaxed: a hint, see `mutex::holder_`.
  const std::uint64_t holder = wanted_->holder_.load(std::memory_order_relaxed);
  if (holder == 0) return woken_by::somebody;
  (void)visit.holder(holder, wanted_->site_);
  return woken_by::all_of;
}

void mutex_wait::check_deadlock() {
  // A task that waits for itself is found without a search.
  const bool own = waiter() != nullptr &&
                   wanted_->holder_.load(std::memory_order_relaxed) == task_context().id();
  if (own || deadlock_checks()) refuse_deadlock(*this);
}

}  // namespace detail
}  // namespace lariat
