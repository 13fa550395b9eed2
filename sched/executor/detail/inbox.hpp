#pragma once

#include <lariat/sched/executor/detail/run_queue.hpp>
#include <lariat/sched/executor/executor.hpp>

#include <atomic>
#include <cassert>

namespace lariat::detail {

/// Where other threads leave steps for a loop: a lock-free stack that the loop empties in one
/// exchange, with the loop's sleep state in the same word. Protocol: sched/README.md, "Inbox". A
/// template so that the model checks the same text, with Relacy's atomics.
template <class Step, class Queue, class Word>
class basic_inbox {
 public:
  basic_inbox() = default;
  basic_inbox(const basic_inbox&) = delete;
  basic_inbox& operator=(const basic_inbox&) = delete;

  /// Any thread. True if the owner sleeps, and this call is the one that has to wake it.
  [[nodiscard]] bool push(Step& step) noexcept { return link(step, step); }

  /// Steps of one thread that are to be pushed together.
  class chain {
   public:
    [[nodiscard]] bool empty() const noexcept { return newest_ == nullptr; }
    void add(Step& step) noexcept {
      step.next_ = newest_;
      newest_ = &step;
      if (oldest_ == nullptr) oldest_ = &step;
    }

   private:
    friend class basic_inbox;
    Step* newest_ = nullptr;
    Step* oldest_ = nullptr;
  };

  /// Pushes all steps of a chain, which must not be empty, by one atomic operation.
  [[nodiscard]] bool push(const chain& steps) noexcept {
    return link(*steps.newest_, *steps.oldest_);
  }

  /// Owner. Whether `drain` would find something; a plain load, for spinning.
  [[nodiscard]] bool maybe_filled() const noexcept {
    Step* head = head_.load(std::memory_order_relaxed);
    return head != nullptr && head != asleep();
  }

  /// Owner. Announces that it is about to sleep. False if a step has come, and it must not sleep.
  /// True again if it is called twice.
  [[nodiscard]] bool try_sleep() noexcept {
    Step* expected = nullptr;
    return head_.compare_exchange_strong(expected, asleep(), std::memory_order_relaxed) ||
           expected == asleep();
  }

  /// Owner. Moves everything to `queue` in the order of arrival, and ends the sleep state. True if
  /// there was anything.
  bool drain(Queue& queue) noexcept {
    if (head_.load(std::memory_order_relaxed) == nullptr) return false;
    // Acquire: pairs with the release in `push`.
    Step* newest = head_.exchange(nullptr, std::memory_order_acquire);
    if (newest == asleep()) return false;
    Step* oldest = nullptr;
    while (newest != nullptr) {
      Step* next = newest->next_;
      newest->next_ = oldest;
      oldest = newest;
      newest = next;
    }
    while (oldest != nullptr) {
      Step* next = oldest->next_;
      queue.push(*oldest);
      oldest = next;
    }
    return true;
  }

 private:
  bool link(Step& newest, Step& oldest) noexcept {
    Step* head = head_.load(std::memory_order_relaxed);
    do {
      oldest.next_ = head == asleep() ? nullptr : head;
      // Release: the owner's exchange in `drain` must see the steps, and all that led to them.
      // Acquire is not needed: what a push reads from the word is only an address.
    } while (!head_.compare_exchange_weak(head, &newest, std::memory_order_release,
                                          std::memory_order_relaxed));
    assert(head != &newest && "a step was posted twice");  // The latest one; others pass.
    return head == asleep();
  }

  // An address that no step can have: the word's own.
  [[nodiscard]] Step* asleep() const noexcept {
    return reinterpret_cast<Step*>(const_cast<basic_inbox*>(this));
  }

  Word head_{nullptr};
};

using inbox = basic_inbox<runnable, run_queue, std::atomic<runnable*>>;

}  // namespace lariat::detail
