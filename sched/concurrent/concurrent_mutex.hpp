#pragma once

#include <lariat/sched/cancel/stop_token.hpp>
#include <lariat/sched/concurrent/detail/gate.hpp>
#include <lariat/sched/sync/detail/basic_guard.hpp>

#include <atomic>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <utility>

namespace lariat {

class concurrent_lock_operation;
class concurrent_mutex;

namespace detail {

struct concurrent_mutex_policy {
  using lockable = concurrent_mutex;
  static void unlock(concurrent_mutex& held) noexcept;
  static void moved(concurrent_mutex& held) noexcept;
};

}  // namespace detail

/// Mutual exclusion across awaits between tasks of all loops, tasks on pools and threads:
/// `auto guard = co_await m.lock();`. Between tasks of one loop `mutex` is cheaper, and finds
/// deadlocks; where nothing is awaited under the lock, std::mutex will do.
///
/// First come, first served: unlocking hands the mutex to who has waited longest. Not re-entrant.
/// Locking and unlocking a free mutex costs an atomic operation each, and allocates nothing. The
/// mutex must outlive its guards and operations.
///
/// \par Threads
/// Any thread. A guard may be moved to any thread.
class concurrent_mutex final : private detail::gate {
 public:
  using guard = detail::basic_guard<detail::concurrent_mutex_policy>;

  concurrent_mutex() noexcept : gate(1) {}
  ~concurrent_mutex() {
    assert((is_waited_for() || available() == 1) &&
           "a concurrent_mutex was destroyed while it was locked");
  }

  /// Waits until the mutex is free, and gives a guard that holds it. For tasks.
  /// \throws std::logic_error if the task holds the mutex already, unless its guard was moved: then
  /// the holder is not known.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled without the lock. A task that was handed the lock before the
  /// cancel came keeps it, and the cancel stays pending.
  [[nodiscard]] concurrent_lock_operation lock() noexcept;

  /// Locks the mutex if it is free: see the guard's `owns_lock`.
  [[nodiscard]] guard try_lock() noexcept {
    return try_pass(1, 1) ? guard(*this, std::adopt_lock) : guard();
  }

  /// `lock` for threads without a loop: blocks.
  /// \throws std::logic_error on a thread that runs a loop.
  [[nodiscard]] guard lock_blocking() {
    return lock_within("concurrent_mutex::lock_blocking",
                       [] { return detail::channel_patience(); });
  }

  /// The same until stop is requested on `stop`; then the guard holds nothing. If the mutex is free
  /// at once, it is locked even after the request.
  [[nodiscard]] guard lock_blocking(stop_token stop) {
    return lock_within("concurrent_mutex::lock_blocking", [&stop] {
      return detail::channel_patience{no_deadline, std::move(stop)};
    });
  }

  /// The same for `time` at most; then the guard holds nothing.
  template <class Rep, class Period>
  [[nodiscard]] guard lock_blocking_for(std::chrono::duration<Rep, Period> time) {
    return lock_within("concurrent_mutex::lock_blocking_for",
                       [time] { return detail::channel_patience::of(time); });
  }

  /// Whether somebody holds it; that may have changed when the caller looks at the answer.
  [[nodiscard]] bool locked() const noexcept { return available() == 0; }

 private:
  friend struct detail::concurrent_mutex_policy;
  friend class concurrent_lock_operation;

  template <class Make>
  guard lock_within(const char* operation, Make make) {
    if (detail::pass_blocking(operation, *this, 1, 1, make) != detail::gate_outcome::served)
      return guard();
    return {*this, std::adopt_lock};
  }

  // Private: see mutex.
  void unlock() noexcept {
    // Before it is free: a task may find its own id here only while it holds the mutex.
    holder_.store(0, std::memory_order_relaxed);
    detail::gate_waiter* next = nullptr;
    [[maybe_unused]] const bool held = add(1, 1, next);
    assert(held && "a concurrent_mutex was unlocked that nobody had locked");
    deliver_all(next);
  }

  // The holder's id, to tell a task that it waits for itself; 0 if not known. Relaxed: only its
  // holder writes it, and who compares it with its own id needs no other's.
  std::atomic<std::uint64_t> holder_{0};
};

namespace detail {

inline void concurrent_mutex_policy::unlock(concurrent_mutex& held) noexcept { held.unlock(); }
inline void concurrent_mutex_policy::moved(concurrent_mutex& held) noexcept {
  held.holder_.store(0, std::memory_order_relaxed);  // See `concurrent_mutex::holder_`.
}

}  // namespace detail

/// The awaitable of `concurrent_mutex::lock`.
class [[nodiscard]] concurrent_lock_operation final : public detail::gate_operation {
 public:
  explicit concurrent_lock_operation(concurrent_mutex& wanted) noexcept
      : gate_operation(wanted, 1, 1) {}

  concurrent_mutex::guard await_resume() const {
    check_cancelled();
    // A coroutine that is no task shares a context with others, so its id says nothing.
    if (waiter() != nullptr) wanted().holder_.store(task_context().id(), std::memory_order_relaxed);
    return {wanted(), std::adopt_lock};
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"concurrent_mutex::lock"}; }

 private:
  [[nodiscard]] concurrent_mutex& wanted() const noexcept {
    return static_cast<concurrent_mutex&>(awaited());
  }
  void before_wait() override;
};

inline concurrent_lock_operation concurrent_mutex::lock() noexcept {
  return concurrent_lock_operation(*this);
}

}  // namespace lariat
