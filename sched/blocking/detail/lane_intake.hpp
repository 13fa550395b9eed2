#pragma once

#include <atomic>

namespace lariat::detail {

/// Where the callers of a lane and its threads meet: callers put calls in without a mutex, threads
/// take them out with the lane's, and it is always known whether somebody is going to look.
/// Protocol: sched/README.md, "Lanes". A template so that its model checks the same text.
///
/// All but `put` and `maybe_filled` are called with the lane's mutex held.
template <class Inbox, class Queue, class Flag>
class lane_intake {
 public:
  /// Any thread, without the mutex. True if nobody is going to look at what was put in: the caller
  /// has to take the mutex, `check_attention` and summon a thread if that says so.
  /// \param calls One, or a chain of them.
  template <class Calls>
  [[nodiscard]] bool put(Calls& calls) noexcept {
    return inbox_.push(calls);
  }

  /// Any thread, without the mutex: for spinning.
  [[nodiscard]] bool maybe_filled() const noexcept {
    // Relaxed: says only when to take the mutex, which orders the rest.
    return inbox_.maybe_filled() || left_over_.load(std::memory_order_relaxed);
  }

  /// What was put in and collected, oldest first.
  [[nodiscard]] Queue& queue() noexcept { return queue_; }

  /// Collects. For a thread of the lane, which from here on is looking: until it calls
  /// `check_attention` callers need not.
  void look() noexcept {
    inbox_.drain(queue_);
    if (left_over_.load(std::memory_order_relaxed)) {
      left_over_.store(false, std::memory_order_relaxed);
    }
  }

  /// Collects. For whoever only wants to see the queue whole: says nothing about who is looking.
  void collect() noexcept {
    if (inbox_.maybe_filled()) inbox_.drain(queue_);
  }

  /// Sees to it that what is queued, and what comes, is looked at, when a caller put something in
  /// unseen or a thread stops looking. True if a thread is to be summoned now.
  /// \param available Whether one sleeps or could be started.
  [[nodiscard]] bool check_attention(bool available) noexcept {
    if (coming_) return false;
    if (spinning_) {
      if (!queue_.empty()) left_over_.store(true, std::memory_order_relaxed);
      return false;
    }
    // Without one all are at work, and look when they are done: nobody could come sooner.
    if (!available) return false;
    do {
      // What is queued is enough to know: whoever is summoned collects the rest.
      if (queue_.empty()) collect();
      if (!queue_.empty()) return true;
    } while (!inbox_.try_sleep());
    return false;
  }

  /// A thread was summoned; it is going to look. Then: it does.
  void summoned() noexcept { coming_ = true; }
  void arrived() noexcept { coming_ = false; }

  /// A thread watches `maybe_filled`, one at a time, and looks at the end.
  [[nodiscard]] bool spinning() const noexcept { return spinning_; }
  void set_spinning(bool spinning) noexcept { spinning_ = spinning; }

 private:
  Queue queue_;
  bool coming_ = false;
  bool spinning_ = false;

  // Callers write here: on a line of its own.
  alignas(64) Inbox inbox_;
  Flag left_over_{false};  // The queue holds calls, for the thread that spins.
};

}  // namespace lariat::detail
