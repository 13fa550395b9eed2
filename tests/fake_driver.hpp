#pragma once

#include <lariat/sched/executor/driver.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>

/// A driver without a kernel, and with a clock of its own: time passes only while the loop sleeps,
/// and then at once. Tests of timers and cancels take no wall time with it.
class fake_driver final : public lariat::driver {
 public:
  void poll() noexcept override { ++polls_; }

  void park(lariat::clock_ns deadline) noexcept override {
    ++parks_;
    std::unique_lock lock(mutex_);
    if (!woken_ && deadline < end_of_time) {
      if (deadline > now_) now_ = deadline;
      return;
    }
    asleep_ = true;
    if (!changed_.wait_for(lock, std::chrono::minutes(2), [this] { return woken_; })) {
      std::fputs("fake_driver: the loop waits for something that will not come\n", stderr);
      std::abort();
    }
    woken_ = asleep_ = false;
  }

  void wake() noexcept override {
    // Notified under the lock: the driver may be destroyed as soon as the sleeper has it.
    std::lock_guard lock(mutex_);
    ++wakes_;
    woken_ = true;
    changed_.notify_one();
  }

  lariat::clock_ns now() noexcept override { return now_; }

  /// Lets time pass while a task runs, as a computation would.
  void advance(std::chrono::nanoseconds time) noexcept { now_ += time.count(); }

  [[nodiscard]] std::uint64_t polls() const noexcept { return polls_; }
  [[nodiscard]] std::uint64_t parks() const noexcept { return parks_; }
  /// Whether the loop sleeps until it is woken. Any thread, as the next.
  [[nodiscard]] bool asleep() noexcept {
    std::lock_guard lock(mutex_);
    return asleep_;
  }
  [[nodiscard]] std::uint64_t wakes() noexcept {
    std::lock_guard lock(mutex_);
    return wakes_;
  }

 private:
  static constexpr lariat::clock_ns end_of_time = lariat::no_deadline / 2;  // 146 years.

  lariat::clock_ns now_ = 1'000'000'000'000;  // Any, but not zero; the loop's thread only.
  std::uint64_t polls_ = 0;
  std::uint64_t parks_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t wakes_ = 0;
  bool woken_ = false;
  bool asleep_ = false;
};
