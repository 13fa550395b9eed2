#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace lariat::detail {

/// How a wait at a gate has ended.
enum class gate_outcome : unsigned char { waiting, served, closed, cancelled };

/// The state of a primitive that all threads share: a count, and those who wait for it to be large
/// enough. A mutex counts the lock (0 or 1), a semaphore its permits, an event whether it is set, a
/// watch its versions. A waiter passes when the count is `need` at least, and takes `take` of it.
///
/// One word holds the count and a bit, *waited*, which says who may change the word: anybody, by
/// compare-exchange, while it is clear; while it is set, only who has the lock. The bit is set
/// while the list is not empty. Protocol: sched/README.md, "Gate".
///
/// `Waiter` has the members of `gate_waiter`. `Word` is an atomic word and `Lock` a lock for a few
/// instructions; parameters for the model.
template <class Waiter, class Word, class Lock>
class basic_gate {
 public:
  using count_type = std::uint64_t;
  static constexpr count_type count_max = static_cast<count_type>(-1) >> 1;

  explicit basic_gate(count_type initial) noexcept : word_(initial << 1) {}
  basic_gate(const basic_gate&) = delete;
  basic_gate& operator=(const basic_gate&) = delete;

  /// Passes if that can be done at once. Who takes something does not overtake those who wait.
  [[nodiscard]] bool try_pass(count_type need, count_type take) noexcept {
    // Acquire, here and below: who passes sees what was done before the count was added to.
    count_type now = word_.load(std::memory_order_acquire);
    for (;;) {
      if ((now >> 1) < need) return false;
      if (take == 0) return true;
      if ((now & waited) != 0) return false;
      if (word_.compare_exchange_weak(now, now - (take << 1), std::memory_order_acquire,
                                      std::memory_order_acquire)) [[likely]]
        return true;
    }
  }

  /// The same for a waiter that has to wait otherwise: then it will be delivered, or has to be
  /// withdrawn.
  [[nodiscard]] gate_outcome pass_or_wait(Waiter& waiter) noexcept {
    const std::lock_guard guard(lock_);
    const count_type need = waiter.need;
    for (;;) {
      if (try_pass(need, waiter.take)) return gate_outcome::served;
      if (closed_) return gate_outcome::closed;
      count_type now = word_.load(std::memory_order_relaxed);
      if ((now & waited) != 0) break;
      if ((now >> 1) >= need) continue;
      // Relaxed: whoever sees the bit takes the lock before it touches the list.
      if (word_.compare_exchange_weak(now, now | waited, std::memory_order_relaxed,
                                      std::memory_order_relaxed))
        break;
    }
    push(waiter);
    return gate_outcome::waiting;
  }

  /// Adds to the count, for the waiters first. False if there would be more than `limit`.
  /// \param served Gets the list of those who pass, for `deliver_all`.
  [[nodiscard]] bool add(count_type more, count_type limit, Waiter*& served) noexcept {
    count_type now = word_.load(std::memory_order_relaxed);
    for (;;) {
      while ((now & waited) == 0) [[likely]] {
        if (more > limit - (now >> 1)) return false;
        // Release: pairs with the acquire of who takes it.
        if (word_.compare_exchange_weak(now, now + (more << 1), std::memory_order_release,
                                        std::memory_order_relaxed)) [[likely]]
          return true;
      }
      const std::lock_guard guard(lock_);
      now = word_.load(std::memory_order_acquire);
      // Not changed here, under the lock, if the last waiter has left: whoever took what was added
      // could destroy the gate before the lock is released.
      if ((now & waited) == 0) continue;
      if (more > limit - (now >> 1)) return false;
      served = serve((now >> 1) + more);
      return true;
    }
  }

  /// Makes the count 1, if it was 0 or 1, and lets all pass that wait for that.
  void set(Waiter*& served) noexcept {
    count_type now = word_.load(std::memory_order_relaxed);
    for (;;) {
      while ((now & waited) == 0) [[likely]] {
        // Written even if it is 1 already, so that who waits sees what this thread did before.
        if (word_.compare_exchange_weak(now, 1 << 1, std::memory_order_release,
                                        std::memory_order_relaxed)) [[likely]]
          return;
      }
      const std::lock_guard guard(lock_);
      now = word_.load(std::memory_order_acquire);
      if ((now & waited) == 0) continue;  // As in `add`.
      served = serve(1);
      return;
    }
  }

  /// Makes the count 0, if it was 0 or 1 and takes are 0.
  void clear() noexcept {
    count_type set = 1 << 1;
    // Acquire: who clears sees what was done before the `set` that it undoes. Fails if it is not
    // set; then there may be waiters.
    (void)word_.compare_exchange_strong(set, 0, std::memory_order_acq_rel,
                                        std::memory_order_relaxed);
  }

  /// Ends all waits, those that come later too.
  void close(Waiter*& ended) noexcept {
    const std::lock_guard guard(lock_);
    closed_ = true;
    Waiter** end = &ended;
    while (first_ != nullptr) append(end, gate_outcome::closed);
    const count_type now = word_.load(std::memory_order_relaxed);
    if ((now & waited) != 0) word_.store(now & ~waited, std::memory_order_release);
  }

  /// Takes a waiter out of the list. False if its wait has ended otherwise, and it was or will be
  /// delivered. Those behind it may pass now.
  [[nodiscard]] bool withdraw(Waiter& waiter, Waiter*& served) noexcept {
    const std::lock_guard guard(lock_);
    if (!waiter.queued) return false;
    remove(waiter);
    waiter.told = gate_outcome::cancelled;
    served = serve(word_.load(std::memory_order_acquire) >> 1);
    return true;
  }

  [[nodiscard]] count_type available() const noexcept {
    return word_.load(std::memory_order_acquire) >> 1;
  }
  [[nodiscard]] bool is_waited_for() const noexcept {
    return (word_.load(std::memory_order_relaxed) & waited) != 0;
  }

  /// Who has waited longest, to be named; only when nobody else uses the gate. Null if none.
  [[nodiscard]] Waiter* oldest() noexcept {
    const std::lock_guard guard(lock_);
    return first_;
  }

  /// Lets the waiters of a list go on. Without the lock, which delivering may take long for; each
  /// may be gone when it was delivered, and the gate with it.
  static void deliver_all(Waiter* list) noexcept {
    while (list != nullptr) {
      Waiter* const next = list->next;
      list->deliver();
      list = next;
    }
  }

 private:
  static constexpr count_type waited = 1;

  // Under the lock, while the bit is set: lets those pass who are first, as far as the count goes.
  [[nodiscard]] Waiter* serve(count_type left) noexcept {
    Waiter* served = nullptr;
    Waiter** end = &served;
    while (first_ != nullptr && left >= first_->need) {
      left -= first_->take;
      append(end, gate_outcome::served);
    }
    // Release: for who passes later without the lock. What earlier releases have published was
    // acquired by the caller.
    word_.store(left << 1 | (first_ == nullptr ? 0 : waited), std::memory_order_release);
    return served;
  }

  void append(Waiter**& end, gate_outcome how) noexcept {
    Waiter& waiter = *first_;
    remove(waiter);
    waiter.told = how;
    waiter.next = nullptr;
    *end = &waiter;
    end = &waiter.next;
  }

  void push(Waiter& waiter) noexcept {
    waiter.queued = true;
    waiter.previous = last_;
    waiter.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &waiter;
    last_ = &waiter;
  }

  void remove(Waiter& waiter) noexcept {
    waiter.queued = false;
    (waiter.previous == nullptr ? first_ : waiter.previous->next) = waiter.next;
    (waiter.next == nullptr ? last_ : waiter.next->previous) = waiter.previous;
  }

  Word word_;
  Lock lock_;
  bool closed_ = false;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

}  // namespace lariat::detail
