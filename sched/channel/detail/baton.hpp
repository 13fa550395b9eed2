#pragma once

#include <lariat/sched/loop/operation.hpp>

#include <atomic>
#include <coroutine>

namespace lariat::detail {

/// An event that happens once, on any thread, and for which one task at a time waits, on any loop.
/// One word: null, the waiter's address, or, once it has happened, the word's own address.
/// Protocol: sched/README.md, "Baton". A template so that the model checks the same text.
template <class Waiter, class Word>
class basic_baton {
 public:
  basic_baton() = default;
  basic_baton(const basic_baton&) = delete;
  basic_baton& operator=(const basic_baton&) = delete;

  /// Any thread, once: it has happened. Returns the waiter to tell, if there is one; the waiter
  /// stays alive until it is told.
  [[nodiscard]] Waiter* raise() noexcept {
    // Release: `raised` and `wait` see what was written before. Acquire: pairs with the release in
    // `wait`, because the caller reads what the waiter wrote.
    return word_.exchange(self(), std::memory_order_acq_rel);
  }

  [[nodiscard]] bool raised() const noexcept {
    return word_.load(std::memory_order_acquire) == self();  // Pairs with the release in `raise`.
  }

  /// Whether a task waits. On the thread of the tasks that do.
  [[nodiscard]] bool awaited() const noexcept {
    const Waiter* waiter = word_.load(std::memory_order_relaxed);  // For a check only.
    return waiter != nullptr && waiter != self();
  }

  /// Makes `waiter` wait. False if it has happened already. \pre No task waits.
  [[nodiscard]] bool wait(Waiter& waiter) noexcept {
    Waiter* expected = nullptr;
    // Release and acquire: as in `raise`.
    return word_.compare_exchange_strong(expected, &waiter, std::memory_order_acq_rel,
                                         std::memory_order_acquire);
  }

  /// Ends the wait of `waiter`. False if it was told, or is about to be.
  [[nodiscard]] bool withdraw(Waiter& waiter) noexcept {
    Waiter* expected = &waiter;
    // Relaxed: nothing is handed over; on failure the waiter is yet to be told.
    return word_.compare_exchange_strong(expected, nullptr, std::memory_order_relaxed,
                                         std::memory_order_relaxed);
  }

 private:
  // An address that no waiter can have.
  [[nodiscard]] Waiter* self() const noexcept {
    return reinterpret_cast<Waiter*>(const_cast<basic_baton*>(this));
  }

  Word word_{nullptr};
};

class baton_wait;
using baton = basic_baton<baton_wait, std::atomic<baton_wait*>>;

/// Marks the event as happened and wakes the waiter. Any thread, once; the waiter may then destroy
/// the baton.
void raise(baton& happened) noexcept;

/// The wait for a baton: a base for awaitables, which call `check_cancelled` when they are resumed.
class baton_wait : public starting_operation<baton_wait> {
 public:
  void cancel() noexcept final;
  woken_by depends_on(dependency_visitor&) const final { return woken_by::somebody; }

 protected:
  explicit baton_wait(baton& awaited) noexcept : awaited_(&awaited) {}
  baton_wait(const baton_wait&) = default;
  ~baton_wait() = default;

  void check_cancelled() const {
    if (cancelled_) [[unlikely]]
      throw_cancelled();
  }

 private:
  friend starting_operation;
  friend void raise(baton& happened) noexcept;
  [[nodiscard]] bool start();

  baton* awaited_;
  bool cancelled_ = false;
};

}  // namespace lariat::detail
