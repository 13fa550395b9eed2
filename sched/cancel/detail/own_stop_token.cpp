#include <lariat/sched/cancel/detail/own_stop_token.hpp>

namespace lariat::detail {

void stop_state::unlink(stop_link& link) noexcept {
  (link.previous_ == nullptr ? first_ : link.previous_->next_) = link.next_;
  if (link.next_ != nullptr) link.next_->previous_ = link.previous_;
  link.linked_ = false;
}

bool stop_state::request() noexcept {
  std::unique_lock lock(mutex_);
  if (requested_.load(std::memory_order_relaxed)) return false;
  requested_.store(true, std::memory_order_release);  // Pairs with the load in `requested`.
  runner_ = std::this_thread::get_id();
  while (first_ != nullptr) {
    running_ = first_;
    unlink(*running_);
    stop_link& called = *running_;
    lock.unlock();
    called.call();  // It may destroy itself.
    lock.lock();
    running_ = nullptr;
    ended_.notify_all();
  }
  return true;
}

bool stop_state::add(stop_link& link) noexcept {
  const std::lock_guard lock(mutex_);
  if (requested_.load(std::memory_order_relaxed)) return false;
  link.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &link;
  first_ = &link;
  link.linked_ = true;
  return true;
}

void stop_state::remove(stop_link& link) noexcept {
  std::unique_lock lock(mutex_);
  if (link.linked_) return unlink(link);
  if (runner_ == std::this_thread::get_id())
    return;  // Called from the callback itself, or the callback is over.
  ended_.wait(lock, [&] { return running_ != &link; });
}

}  // namespace lariat::detail
