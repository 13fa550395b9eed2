#include <lariat/sched/mutex.hpp>

#include <lariat/sched/detail/site_text.hpp>

#include <stdexcept>
#include <string>

namespace lariat {

mutex::guard mutex::try_lock() {
  require_here("mutex::try_lock");
  if (locked_) return guard();
  locked_ = true;
  holder_.store(0, std::memory_order_relaxed);  // Whose call it is cannot be known.
  return guard(*this);
}

void mutex::hand_over() noexcept {
  detail::mutex_wait& next = waiters_.front();
  hold(next);  // Nobody who comes before it runs finds the mutex free.
  next.wake();
}

namespace detail {

void mutex_wait::queue_up() noexcept { wanted_->waiters_.push(*this); }

void mutex_wait::give_up(mutex& held) {
  held.require(owner(), "mutex");
  wanted_ = &held;
  held.unlock_here();
}

void mutex_wait::check_deadlock() const {
  const std::uint64_t holder = wanted_->holder_.load(std::memory_order_relaxed);  // A hint.
  if (holder == 0 || waiter() == nullptr || holder != task_context().id()) return;
  std::string task = std::to_string(holder);
  if (!task_context().name().empty()) task += " \"" + std::string(task_context().name()) + '"';
  throw std::logic_error("lariat: mutex::lock: resource deadlock would occur: task " + task +
                         " awaits at " + site_text(waiter()->site()) +
                         " the mutex that it holds since " + site_text(wanted_->site_));
}

}  // namespace detail
}  // namespace lariat
