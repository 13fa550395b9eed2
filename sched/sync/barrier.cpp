#include <lariat/sched/sync/barrier.hpp>

#include <utility>

namespace lariat {

broken_barrier::broken_barrier() : std::runtime_error("lariat: the barrier is broken") {}

barrier::barrier(std::size_t parties) : parties_(parties) {
  if (parties == 0) throw std::invalid_argument("lariat: barrier: it needs one party at least");
}

void barrier::let_go() noexcept {
  for (std::size_t rank = 0; !waiters_.empty(); ++rank) {
    waiters_.front().rank_ = rank;
    waiters_.front().wake();
  }
  waiting_ = 0;
}

void barrier::turn_away() noexcept {
  for (; !waiters_.empty(); waiters_.front().wake()) waiters_.front().turned_away_ = true;
  waiting_ = 0;
}

void barrier::reset() {
  require_here("barrier::reset");
  turn_away();
  broken_ = false;
}

bool barrier_wait::attempt() noexcept {
  if (awaited_->broken_) return turned_away_ = true;
  if (awaited_->waiting_ + 1 < awaited_->parties_) return false;
  rank_ = awaited_->waiting_;
  awaited_->let_go();
  return true;
}

void barrier_wait::enqueue() noexcept {
  ++awaited_->waiting_;
  awaited_->waiters_.push(*this);
}

std::size_t barrier_wait::await_resume() const {
  check_cancelled();
  if (turned_away_) throw broken_barrier();
  return rank_;
}

}  // namespace lariat
