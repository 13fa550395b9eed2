#pragma once

#include <lariat/sched/sync/detail/basic_guard.hpp>
#include <lariat/sched/sync/detail/known_holders.hpp>
#include <lariat/sched/sync/detail/wait_list.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>

namespace lariat {

namespace detail {
template <bool exclusive>
class shared_mutex_lock;
template <bool exclusive>
struct shared_mutex_policy;
class shared_mutex_wait;
}  // namespace detail

/// Mutual exclusion across awaits for many readers or one writer: `co_await m.lock_shared()` or
/// `co_await m.lock()`.
///
/// First come, first served, so neither readers nor writers starve: a reader that arrives behind a
/// waiting writer waits too, and readers next to each other in the queue enter together. Allocates
/// nothing. The mutex must outlive its guards.
///
/// \par Threads
/// As for `mutex`: only tasks of its loop may lock it, and any thread may unlock it.
class shared_mutex final : private detail::loop_bound {
 public:
  using guard = detail::basic_guard<detail::shared_mutex_policy<true>>;
  using shared_guard = detail::basic_guard<detail::shared_mutex_policy<false>>;

  shared_mutex() = default;
  ~shared_mutex();

  /// Waits until nobody else holds the mutex, and gives a guard.
  /// \throws std::logic_error in a task of another loop. With the library's assertions, or with
  /// LARIAT_DEBUG=1 in the environment, also if a holder is this task or waits for it: see
  /// `mutex::lock`. This is detected only while no guard was moved.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled without the lock. A task that was handed the lock before the
  /// cancel came keeps it, and the cancel stays pending.
  [[nodiscard]] detail::shared_mutex_lock<true> lock() noexcept;

  /// Waits until no writer holds the mutex, and gives a guard.
  /// \throws std::logic_error as `lock`; also if this task holds the mutex and a writer waits
  /// behind it.
  ///
  /// \par Cancellation
  /// As for `lock`.
  [[nodiscard]] detail::shared_mutex_lock<false> lock_shared() noexcept;

  /// Locks it as a writer if it is free: see the guard's `owns_lock`.
  /// \throws std::logic_error on a thread other than its loop's.
  [[nodiscard]] guard try_lock();

  /// Locks it as a reader if no writer holds it and nobody waits: see the guard's `owns_lock`.
  /// \throws std::logic_error on a thread other than its loop's.
  [[nodiscard]] shared_guard try_lock_shared();

 private:
  friend class detail::shared_mutex_wait;
  template <bool exclusive>
  friend struct detail::shared_mutex_policy;
  template <bool exclusive>
  friend class detail::shared_mutex_lock;
  static constexpr std::uint64_t writer = std::uint64_t{1} << 48;  // The bits below count readers.

  // Private, and called by guards: see `mutex`.
  void unlock() noexcept { release(writer); }
  void unlock_shared() noexcept { release(1); }

  // How many hold it, as `known_` counts them.
  [[nodiscard]] std::uint64_t held() const noexcept { return holders_ >= writer ? 1 : holders_; }

  // Counts one more holder and returns true, if it may enter.
  [[nodiscard]] bool enter(bool exclusive) noexcept {
    if (holders_ >= (exclusive ? 1 : writer)) return false;
    holders_ += exclusive ? writer : 1;
    return true;
  }
  [[nodiscard]] bool take(bool exclusive) noexcept { return waiters_.empty() && enter(exclusive); }
  void release(std::uint64_t holders) noexcept {
    if (here()) [[likely]] {
      release_here(holders);
    } else {
      request_count(holders);
    }
  }
  void release_here(std::uint64_t holders) noexcept {
    assert(holders <= holders_ && "a shared_mutex was unlocked that was not locked so");
    holders_ -= holders;
    // One, even if threads released several at once: then the holders count as unknown.
    known_.remove(1, held());
    if (!waiters_.empty()) [[unlikely]]
      let_in();
  }
  void let_in() noexcept;
  void apply(std::uint64_t holders) noexcept override { release_here(holders); }

  detail::wait_list<detail::shared_mutex_wait> waiters_;
  std::uint64_t holders_ = 0;
  detail::known_holders known_{true};
};

namespace detail {

template <bool exclusive>
struct shared_mutex_policy {
  using lockable = shared_mutex;
  static void unlock(shared_mutex& held) noexcept;
  static void moved(shared_mutex& held) noexcept;
};

/// A task's wait for a shared_mutex, as a reader or as a writer.
class shared_mutex_wait : public wait_operation {
 public:
  woken_by depends_on(dependency_visitor& visit) const final;

 protected:
  shared_mutex_wait(shared_mutex& wanted, bool exclusive) noexcept;
  shared_mutex_wait(const shared_mutex_wait&) = default;
  ~shared_mutex_wait() = default;

  /// \throws std::logic_error if the tasks that hold the mutex wait for this one.
  void enqueue() final;
  void withdrawn() noexcept final;
  [[nodiscard]] shared_mutex& wanted() const noexcept { return *wanted_; }

 private:
  friend class lariat::shared_mutex;
  shared_mutex* wanted_;
  bool exclusive_;
};

/// The awaitable of `shared_mutex::lock` and `lock_shared`.
template <bool exclusive>
class [[nodiscard]] shared_mutex_lock final
    : public basic_wait_operation<shared_mutex_lock<exclusive>, shared_mutex_wait> {
 public:
  explicit shared_mutex_lock(shared_mutex& wanted) noexcept
      : basic_wait_operation<shared_mutex_lock, shared_mutex_wait>(wanted, exclusive) {}

  basic_guard<shared_mutex_policy<exclusive>> await_resume() const {
    this->check_cancelled();
    return {this->wanted(), std::adopt_lock};
  }

  bool attempt() noexcept override {
    if (!this->wanted().take(exclusive)) return false;
    this->wanted().known_.add(*this, 1);
    return true;
  }
  [[nodiscard]] operation_info info() const noexcept override {
    return {exclusive ? "shared_mutex::lock" : "shared_mutex::lock_shared"};
  }
};

inline shared_mutex_wait::shared_mutex_wait(shared_mutex& wanted, bool exclusive) noexcept
    : wait_operation(wanted), wanted_(&wanted), exclusive_(exclusive) {}

template <bool exclusive>
void shared_mutex_policy<exclusive>::unlock(shared_mutex& held) noexcept {
  exclusive ? held.unlock() : held.unlock_shared();
}

template <bool exclusive>
void shared_mutex_policy<exclusive>::moved(shared_mutex& held) noexcept {
  held.known_.lose();
}

}  // namespace detail

inline detail::shared_mutex_lock<true> shared_mutex::lock() noexcept {
  return detail::shared_mutex_lock<true>(*this);
}

inline detail::shared_mutex_lock<false> shared_mutex::lock_shared() noexcept {
  return detail::shared_mutex_lock<false>(*this);
}

}  // namespace lariat
