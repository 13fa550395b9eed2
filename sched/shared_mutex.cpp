#include <lariat/sched/shared_mutex.hpp>

#include <cassert>

namespace lariat {

shared_mutex::~shared_mutex() {
  assert(holders_ == 0 && "a shared_mutex was destroyed while it was locked");
}

shared_mutex::guard shared_mutex::try_lock() {
  require_here("shared_mutex::try_lock");
  return take(true) ? guard(*this) : guard();
}

shared_mutex::shared_guard shared_mutex::try_lock_shared() {
  require_here("shared_mutex::try_lock_shared");
  return take(false) ? shared_guard(*this) : shared_guard();
}

void shared_mutex::release_here(std::uint64_t holders) noexcept {
  assert(holders <= holders_ && "a shared_mutex was unlocked that was not locked so");
  holders_ -= holders;
  let_in();
}

void shared_mutex::let_in() noexcept {
  while (!waiters_.empty() && enter(waiters_.front().exclusive_)) waiters_.front().wake();
}

namespace detail {

void shared_mutex_wait::enqueue() noexcept { wanted_->waiters_.push(*this); }

// A writer that waited held up the readers behind it.
void shared_mutex_wait::withdrawn() noexcept { wanted_->let_in(); }

}  // namespace detail
}  // namespace lariat
