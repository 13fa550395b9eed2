#pragma once

#include <lariat/sched/thread/clock.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace lariat::detail {

/// Lets one thread sleep until another wakes it, or a deadline comes.
class parker {
 public:
  parker() = default;
  parker(const parker&) = delete;
  parker& operator=(const parker&) = delete;

  /// Sleeps. True if it was woken, before or meanwhile; false if the deadline has come.
  bool park(clock_ns deadline) noexcept {
    std::unique_lock lock(mutex_);
    if (deadline == no_deadline) {
      condition_.wait(lock, [this] { return woken_; });
    } else {
      const std::chrono::steady_clock::time_point when{std::chrono::nanoseconds(deadline)};
      condition_.wait_until(lock, when, [this] { return woken_; });
    }
    return std::exchange(woken_, false);
  }

  /// Ends a `park` in progress, or the next one. Any thread.
  void wake() noexcept {
    // Notified under the lock: the sleeper may destroy the parker as soon as it has the lock.
    std::lock_guard lock(mutex_);
    woken_ = true;
    condition_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool woken_ = false;
};

}  // namespace lariat::detail
