#pragma once

#include <lariat/sched/loop/operation.hpp>

#include <atomic>
#include <coroutine>

namespace lariat::detail {

/// Something that happens once, on any thread, and that one task at a time waits for, on any loop:
/// a word that is null, the waiter, or the word's own address when it has happened. Protocol:
/// sched/README.md, "Baton". A template so that the same text is checked by its model.
template <class Waiter, class Word>
class basic_baton {
 public:
  basic_baton() = default;
  basic_baton(const basic_baton&) = delete;
  basic_baton& operator=(const basic_baton&) = delete;

  /// Any thread, once. Gives the waiter that has to be told, if there is one; it stays there until
  /// it is.
  [[nodiscard]] Waiter* raise() noexcept {
    // Release: what happened is seen by `raised` and `wait`. Acquire: pairs with the release in
    // `wait`, for the caller reads what the waiter wrote.
    return word_.exchange(self(), std::memory_order_acq_rel);
  }

  [[nodiscard]] bool raised() const noexcept {
    return word_.load(std::memory_order_acquire) == self();  // Pairs with the release in `raise`.
  }

  /// Whether somebody waits. For the thread of those who do.
  [[nodiscard]] bool awaited() const noexcept {
    const Waiter* waiter = word_.load(std::memory_order_relaxed);  // For a check only.
    return waiter != nullptr && waiter != self();
  }

  /// Makes it wait. False if it has happened already. \pre Nobody waits.
  [[nodiscard]] bool wait(Waiter& waiter) noexcept {
    Waiter* expected = nullptr;
    // Release and acquire: as in `raise`.
    return word_.compare_exchange_strong(expected, &waiter, std::memory_order_acq_rel,
                                         std::memory_order_acquire);
  }

  /// Lets it wait no longer. False if it has been, or is about to be, told.
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

/// Tells that it has happened. Any thread, once; after it the waiter may destroy the baton.
void raise(baton& happened) noexcept;

/// Waits for a baton. Awaitables derive from it, and call `check_cancelled` when they are resumed.
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
