#pragma once

#include <atomic>

namespace lariat::detail {

/// The queue between a lane's callers and its threads. Callers add calls without a mutex, threads
/// remove them under the lane's mutex, and it is always known whether a thread is going to look.
/// Protocol: sched/README.md, "Lanes". A template so that the model checks the same text.
///
/// All but `put` and `maybe_filled` are called with the lane's mutex held.
template <class Inbox, class Queue, class Flag>
class lane_intake {
 public:
  /// Any thread, without the mutex. True if no thread is going to look at what was added: then the
  /// caller has to take the mutex, call `check_attention`, and summon a thread if that returns
  /// true.
  /// \param calls One, or a chain of them.
  template <class Calls>
  [[nodiscard]] bool put(Calls& calls) noexcept {
    return inbox_.push(calls);
  }

  /// Any thread, without the mutex: for spinning.
  [[nodiscard]] bool maybe_filled() const noexcept {
    // Relaxed: only decides when to take the mutex, which orders the rest.
    return inbox_.maybe_filled() || left_over_.load(std::memory_order_relaxed);
  }

  /// The calls that were collected, oldest first.
  [[nodiscard]] Queue& queue() noexcept { return queue_; }

  /// Collects the calls that were added. Called by a thread of the lane, which counts as looking
  /// until it calls `check_attention`; till then callers need not summon one.
  void look() noexcept {
    inbox_.drain(queue_);
    if (left_over_.load(std::memory_order_relaxed)) {
      left_over_.store(false, std::memory_order_relaxed);
    }
  }

  /// Collects the calls that were added, for a caller that only needs the whole queue. Does not
  /// change who counts as looking.
  void collect() noexcept {
    if (inbox_.maybe_filled()) inbox_.drain(queue_);
  }

  /// Makes sure that a thread looks at the calls that are queued, and those that come. Called when
  /// a caller has added calls and no thread is looking, or a thread stops looking. True if the
  /// caller has to summon a thread now.
  /// \param available Whether a thread sleeps or could be started.
  [[nodiscard]] bool check_attention(bool available) noexcept {
    if (coming_) return false;
    if (spinning_) {
      if (!queue_.empty()) left_over_.store(true, std::memory_order_relaxed);
      return false;
    }
    // If none is available all threads are at work, and each looks when its function has returned.
    if (!available) return false;
    do {
      // One queued call is enough to know: the thread that is summoned collects the rest.
      if (queue_.empty()) collect();
      if (!queue_.empty()) return true;
    } while (!inbox_.try_sleep());
    return false;
  }

  /// `summoned`: a thread was summoned and is going to look. `arrived`: it is looking now.
  void summoned() noexcept { coming_ = true; }
  void arrived() noexcept { coming_ = false; }

  /// Whether a thread spins on `maybe_filled`. Only one does so at a time, and it looks when it
  /// stops.
  [[nodiscard]] bool spinning() const noexcept { return spinning_; }
  void set_spinning(bool spinning) noexcept { spinning_ = spinning; }

 private:
  Queue queue_;
  bool coming_ = false;
  bool spinning_ = false;

  // Callers write to this, so it shares no cache line with the members above.
  alignas(64) Inbox inbox_;
  Flag left_over_{false};  // Tells the thread that spins that the queue holds calls.
};

}  // namespace lariat::detail
