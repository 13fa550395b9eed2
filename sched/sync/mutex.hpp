#pragma once

#include <lariat/sched/sync/detail/basic_guard.hpp>
#include <lariat/sched/sync/detail/wait_list.hpp>

#include <atomic>
#include <cassert>
#include <cstdint>
#include <source_location>

namespace lariat {

class condition;
class mutex;

namespace detail {

struct mutex_policy {
  using lockable = mutex;
  static void unlock(mutex& held) noexcept;
  static void moved(mutex& held) noexcept;
};

/// Who waits to hold a mutex: by `lock`, or after it waited for a condition.
class mutex_wait : public wait_operation {
 protected:
  explicit mutex_wait(mutex& wanted) noexcept;
  /// Begins to wait for something else, and will want a mutex then.
  explicit mutex_wait(loop_bound& home) noexcept : wait_operation(home) {}
  mutex_wait(const mutex_wait&) = default;
  ~mutex_wait() = default;

  /// Locks the mutex if it is free.
  [[nodiscard]] bool take() noexcept;

  /// Waits for it behind the others.
  void queue_up() noexcept;

  /// \throws std::logic_error if this task holds it, or who holds it waits for this task.
  void check_deadlock();

  /// Names the task that holds it.
  woken_by name_holder(dependency_visitor& visit) const;

  [[nodiscard]] mutex& wanted() const noexcept { return *wanted_; }

  /// Gives up `held`, which it will want again. \throws std::logic_error if that belongs to another
  /// loop.
  void give_up(mutex& held);

 private:
  friend class lariat::mutex;
  mutex* wanted_ = nullptr;
};

}  // namespace detail

class lock_operation;

/// Lets one task at a time into what has awaits in it: `auto guard = co_await m.lock();`. Between
/// awaits tasks of a loop need none, for they run one at a time.
///
/// First come, first served: a mutex that is given up goes to the task that waits longest, before
/// that runs. Not re-entrant. Taking and giving up a free one costs about as much as calling a
/// coroutine; nothing is allocated. It outlives its guards.
///
/// \par Threads
/// It belongs to one loop, that of the thread that makes it, else that of the first task that uses
/// it; the tasks of that loop may lock it. A guard may go anywhere: given up by another thread, the
/// mutex is free when its loop has heard of it, before what that thread sends to that loop later.
class mutex final : private detail::loop_bound {
 public:
  using guard = detail::basic_guard<detail::mutex_policy>;

  mutex() = default;
  ~mutex() { assert(!locked_ && "a mutex was destroyed while it was locked"); }

  /// Waits until it is free, and gives a guard that holds it.
  ///
  /// \throws std::logic_error if the task holds it already (unless its guard was moved, for then
  /// that cannot be known), or belongs to another loop. With the library's assertions, or with
  /// LARIAT_DEBUG=1 in the environment, also if the task that holds it waits for this one, itself
  /// or through others, with the place of each await: otherwise none of them would ever go on.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled without the lock. Who was given the lock has it: then the cancel
  /// stays pending.
  [[nodiscard]] lock_operation lock() noexcept;

  /// Takes it if it is free: see the guard's `owns_lock`.
  /// \throws std::logic_error on another thread than its loop's.
  [[nodiscard]] guard try_lock();

  /// Whether somebody holds it. \throws std::logic_error on another thread than its loop's.
  [[nodiscard]] bool locked() {
    require_here("mutex::locked");
    return locked_;
  }

 private:
  friend struct detail::mutex_policy;
  friend class detail::mutex_wait;
  friend class condition;

  void hold(const detail::mutex_wait& holder) noexcept {
    const detail::promise_base* coroutine = holder.waiter();
    locked_ = true;
    // Relaxed, as everywhere: see `holder_`.
    holder_.store(coroutine == nullptr ? 0 : holder.task_context().id(), std::memory_order_relaxed);
    if (coroutine != nullptr) site_ = coroutine->site();
  }
  // The guard's alone: with it in public a std::lock_guard would compile, whose `lock` awaits
  // nothing.
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
  // The holder's id, by which a task is told that it waits for itself; 0 if not known. Atomic, for
  // a guard may be moved on another thread; whoever does that has the lock, and nothing follows it.
  std::atomic<std::uint64_t> holder_{0};
  std::source_location site_;  // Where the holder awaited it.
};

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
