#pragma once

#include <sched.h>

#include <atomic>
#include <cstdint>

namespace lariat::detail {

/// The references to a spawned task's record, the threads that are posting to it, and whether the
/// task has ended, in one word.
///
/// References: the task's own, until it has ended; the handle's; one for each message on its way to
/// the task's loop. The one who drops the last deletes the record.
///
/// Senders: threads that are about to post to the task's loop. The task does not end while there
/// are any, and its loop is not destroyed before the task has ended; so a sender finds the loop
/// alive, and its post arrives before the loop takes its inbox for the last time. Once the task has
/// ended nobody uses its loop through the record, because the handle may outlive the loop.
/// Protocol: sched/README.md, "Spawned records". A template so that the model checks the same text.
template <class Word, class Yield>
class basic_record_state {
 public:
  basic_record_state() = default;
  basic_record_state(const basic_record_state&) = delete;
  basic_record_state& operator=(const basic_record_state&) = delete;

  /// Any thread.
  [[nodiscard]] bool done() const noexcept {
    // Acquire: the result may be read after this. Pairs with `end`.
    return (word_.load(std::memory_order_acquire) & done_bit) != 0;
  }

  /// Makes the caller a sender, until it calls `sent`. False if the task has ended. Any thread but
  /// the loop's.
  [[nodiscard]] bool try_send() noexcept {
    std::uint32_t word = word_.load(std::memory_order_relaxed);
    do {
      // Acquire, both here and on failure: as `done`.
      if ((word & done_bit) != 0) return !done();
    } while (!word_.compare_exchange_weak(word, word + sender, std::memory_order_acquire,
                                          std::memory_order_relaxed));
    return true;
  }
  void sent() noexcept {
    // Release: `end` must see that the post is over.
    word_.fetch_sub(sender, std::memory_order_release);
  }

  /// Adds a message's reference, before it is posted.
  void refer() noexcept {
    word_.fetch_add(reference, std::memory_order_relaxed);  // The post publishes it.
  }

  /// Drops a reference. True if it was the last: the caller deletes the record.
  [[nodiscard]] bool drop() noexcept {
    // Release and acquire: whatever others did to the record happens before its deletion.
    return word_.fetch_sub(reference, std::memory_order_acq_rel) < 2 * reference;
  }

  /// `drop` where no other thread can refer to the record: on its loop, by the handle.
  [[nodiscard]] bool drop_alone() noexcept {
    const std::uint32_t left = word_.load(std::memory_order_relaxed) - reference;
    word_.store(left, std::memory_order_relaxed);
    return left < reference;
  }

  /// The task has ended: waits for senders, then drops its reference. True if that was the last.
  [[nodiscard]] bool end() noexcept {
    for (;;) {
      std::uint32_t word = word_.load(std::memory_order_acquire);
      if ((word & (reference - sender)) != 0) {
        Yield()();  // A sender is in a post, which is short.
        continue;
      }
      if (word == reference) return true;  // No handle and no message is left.
      // Release: pairs with `done`. Acquire: with `sent`.
      if (word_.compare_exchange_weak(word, (word - reference) | done_bit,
                                      std::memory_order_acq_rel, std::memory_order_relaxed)) {
        return false;
      }
    }
  }

 private:
  static constexpr std::uint32_t done_bit = 1;
  static constexpr std::uint32_t sender = 2;
  static constexpr std::uint32_t reference = 1U << 16;

  Word word_{2 * reference};
};

struct yield_cpu {
  void operator()() const noexcept { ::sched_yield(); }
};

using record_state = basic_record_state<std::atomic<std::uint32_t>, yield_cpu>;

}  // namespace lariat::detail
