#include <lariat/sched/mutex.hpp>

#include <lariat/sched/detail/site_text.hpp>
#include <lariat/sched/detail/wait_chain.hpp>

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
  const std::uint64_t holder = this->holder();
  if (holder == 0 || waiter() == nullptr) return;
  const context& self = task_context();
  std::string chain;
  if (holder != self.id()) {
    if (!deadlock_checks()) return;
    chain = wait_chain(owner(), holder, self);
    if (chain.empty()) return;
  }
  std::string text = "lariat: mutex::lock: resource deadlock would occur: " + task_text(self);
  text += " awaits at " + site_text(waiter()->site()) + " the mutex that ";
  text += chain.empty() ? "it" : "task " + std::to_string(holder);
  text += " holds since " + site_text(wanted_->site_);
  if (!chain.empty()) text += ", but waits for it: " + chain;
  throw std::logic_error(text);
}

}  // namespace detail
}  // namespace lariat
