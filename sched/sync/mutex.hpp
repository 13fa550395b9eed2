#pragma once

#include <lariat/sched/sync/detail/basic_guard.hpp>
#include <lariat/sched/sync/detail/wait_list.hpp>

#include <atomic>
#include <cassert>
#include <cstdint>
#include <source_location>

namespace lariat {

class condition;
class lock_operation;

namespace detail {
struct mutex_policy;
class mutex_wait;
}  // namespace detail

/// Mutual exclusion across awaits: `auto guard = co_await m.lock();`. Code without an await needs
/// no mutex, because the tasks of a loop never run at the same time.
///
/// First come, first served: unlocking hands the mutex to the task that has waited longest, before
/// that task runs, so that no other task can overtake it. Not re-entrant. Locking and unlocking a
/// free mutex costs about as much as calling a coroutine, and allocates nothing. The mutex must
/// outlive its guards.
///
/// \par Threads
/// A mutex belongs to one loop: the loop of the thread that makes it, or, if none runs there, the
/// loop of the first task that uses it. Only tasks of that loop may lock it. A guard may be moved
/// to any thread; if another thread unlocks, the mutex becomes free when its loop has received the
/// request, which is before anything that the same thread posts to that loop later.
class mutex final : private detail::loop_bound {
 public:
  using guard = detail::basic_guard<detail::mutex_policy>;

  mutex() = default;
  ~mutex() { assert(!locked_ && "a mutex was destroyed while it was locked"); }

  /// Waits until the mutex is free, and gives a guard that holds it.
  ///
  /// \throws std::logic_error if the task belongs to another loop, or holds the mutex already
  /// (unless its guard was moved: then the holder is not known). With the library's assertions, or
  /// with LARIAT_DEBUG=1 in the environment, also if the holder waits for this task, directly or
  /// through other tasks, because none of them would ever go on; the text has the place of each
  /// await.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled without the lock. A task that was handed the lock before the
  /// cancel came keeps it, and the cancel stays pending.
  [[nodiscard]] lock_operation lock() noexcept;

  /// Locks the mutex if it is free: see the guard's `owns_lock`.
  /// \throws std::logic_error on a thread other than its loop's.
  [[nodiscard]] guard try_lock();

  /// Whether a task holds the mutex. \throws std::logic_error on a thread other than its loop's.
  [[nodiscard]] bool locked() {
    require_here("mutex::locked");
    return locked_;
  }

 private:
  friend struct detail::mutex_policy;
  friend class detail::mutex_wait;
  friend class condition;

  void hold(const detail::mutex_wait& holder) noexcept;
  // Private, and called by guards: with a public `unlock` a std::lock_guard<mutex> would compile,
  // though its call of `lock` awaits nothing and so locks nothing.
  void unlock() noexcept {
    if (here()) [[likely]] {
      unlock_here();
    } else {
      request_count(1);
    }
  }
  void unlock_here() noexcept {
    assert(locked_ && "a mutex was unlocked that nobody had locked");
    if (waiters_.empty()) [[likely]] {
      locked_ = false;
    } else {
      hand_over();
    }
  }
  void hand_over() noexcept;
  void apply(std::uint64_t) noexcept override { unlock_here(); }

  detail::wait_list<detail::mutex_wait> waiters_;
  bool locked_ = false;
  // The holder's id, to tell a task that it waits for itself; 0 if not known. Atomic because a
  // guard may be moved on another thread. Relaxed is enough: only whoever holds the lock or hands
  // it over writes it, and no other memory is read on the strength of it.
  std::atomic<std::uint64_t> holder_{0};
  std::source_location site_;  // Where the holder awaited the lock.
};

namespace detail {

struct mutex_policy {
  using lockable = mutex;
  static void unlock(mutex& held) noexcept;
  static void moved(mutex& held) noexcept;
};

/// A task's wait to hold a mutex: in `lock`, or in `condition::wait` after the notification.
class mutex_wait : public wait_operation {
 protected:
  explicit mutex_wait(mutex& wanted) noexcept;
  /// For a wait that starts elsewhere, in a condition, and names its mutex later, by `give_up`.
  explicit mutex_wait(loop_bound& home) noexcept : wait_operation(home) {}
  mutex_wait(const mutex_wait&) = default;
  ~mutex_wait() = default;

  /// Locks the mutex if it is free.
  [[nodiscard]] bool take() noexcept;

  /// Waits for the mutex behind the others.
  void queue_up() noexcept;

  /// \throws std::logic_error if this task holds the mutex, or if its holder waits for this task.
  void check_deadlock();

  /// Names the task that holds the mutex.
  woken_by name_holder(dependency_visitor& visit) const;

  [[nodiscard]] mutex& wanted() const noexcept { return *wanted_; }

  /// Unlocks `held`, and makes it the mutex to wait for later. \throws std::logic_error if `held`
  /// belongs to another loop.
  void give_up(mutex& held);

 private:
  friend class lariat::mutex;
  mutex* wanted_ = nullptr;
};

}  // namespace detail

/// The awaitable of `mutex::lock`.
class [[nodiscard]] lock_operation final
    : public detail::basic_wait_operation<lock_operation, detail::mutex_wait> {
 public:
  explicit lock_operation(mutex& wanted) noexcept : basic_wait_operation(wanted) {}

  mutex::guard await_resume() const {
    check_cancelled();
    return {wanted(), std::adopt_lock};
  }

  bool attempt() noexcept override { return take(); }
  [[nodiscard]] operation_info info() const noexcept override { return {"mutex::lock"}; }
  woken_by depends_on(dependency_visitor& visit) const override { return name_holder(visit); }

 private:
  void enqueue() override {
    check_deadlock();
    queue_up();
  }
};

inline void mutex::hold(const detail::mutex_wait& holder) noexcept {
  const detail::promise_base* coroutine = holder.waiter();
  locked_ = true;
  // Relaxed, as everywhere: see `holder_`.
  holder_.store(coroutine == nullptr ? 0 : holder.task_context().id(), std::memory_order_relaxed);
  if (coroutine != nullptr) site_ = coroutine->site();
}

inline lock_operation mutex::lock() noexcept { return lock_operation(*this); }

namespace detail {

inline void mutex_policy::unlock(mutex& held) noexcept { held.unlock(); }
inline void mutex_policy::moved(mutex& held) noexcept {
  held.holder_.store(0, std::memory_order_relaxed);  // A hint: see `mutex::holder_`.
}

inline mutex_wait::mutex_wait(mutex& wanted) noexcept : wait_operation(wanted), wanted_(&wanted) {}

inline bool mutex_wait::take() noexcept {
  if (wanted_->locked_) return false;
  wanted_->hold(*this);
  return true;
}

}  // namespace detail
}  // namespace lariat
