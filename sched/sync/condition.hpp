#pragma once

#include <lariat/sched/sync/mutex.hpp>
#include <lariat/sched/task/task.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace lariat {

class condition_wait;

/// Lets a task that holds a mutex wait until the data that the mutex guards has changed (asyncio's
/// Condition): `co_await changed.wait(guard, [&] { return !items.empty(); });`.
///
/// \par Threads
/// It belongs to one loop: that of the thread that makes it, or, if none runs there, that of the
/// first task that uses it. Only tasks of that loop may wait. Any thread may notify, without
/// holding the mutex. For its lifetime see `event`.
class condition final : private detail::loop_bound {
 public:
  condition() = default;

  /// Unlocks the mutex, waits for a notification, and locks the mutex again. Another task may have
  /// held it in between, so check the state again, or pass a predicate. Allocates nothing.
  ///
  /// \param guard Holds the mutex, and must not be moved until the await has ended.
  /// \throws std::logic_error if `guard` holds no mutex, or in a task of another loop.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, but only after it has locked the mutex again. A task that was
  /// notified is not cancelled any more: the cancel stays pending.
  [[nodiscard]] condition_wait wait(mutex::guard& guard) noexcept;

  /// Waits until `predicate()` is true. It is called with the mutex held, at once and after each
  /// notification. Allocates a frame.
  ///
  /// \par Cancellation
  /// As for `wait`.
  template <std::predicate Predicate>
  [[nodiscard]] task<> wait(mutex::guard& guard, Predicate predicate);

  /// Wakes up to `count` waiting tasks, those that have waited longest first. Each goes on when it
  /// has locked the mutex. From another thread it happens when the loop has received the request.
  void notify(std::size_t count = 1) noexcept {
    if (here()) [[likely]] {
      notify_here(count);
    } else {
      request_count(count);
    }
  }

  /// Wakes all waiting tasks. From another thread as `notify`.
  void notify_all() noexcept {
    if (here()) [[likely]] {
      notify_here(all);
    } else {
      request_flag(all);
    }
  }

 private:
  friend class condition_wait;
  static constexpr std::uint64_t all = std::uint64_t{1} << 62;

  void notify_here(std::uint64_t count) noexcept;
  void apply(std::uint64_t requests) noexcept override { notify_here(requests); }

  detail::wait_list<condition_wait> waiters_;
};

/// The awaitable of `condition::wait`: waits in the condition's list, then in the mutex's.
class [[nodiscard]] condition_wait final
    : public detail::basic_wait_operation<condition_wait, detail::mutex_wait> {
 public:
  condition_wait(condition& awaited, mutex::guard& guard) noexcept
      : basic_wait_operation(static_cast<detail::loop_bound&>(awaited)),
        awaited_(&awaited),
        guard_(&guard) {}

  void await_resume() const { check_cancelled(); }

  bool attempt() noexcept override { return false; }
  void cancel() noexcept override;
  [[nodiscard]] operation_info info() const noexcept override { return {"condition::wait"}; }
  woken_by depends_on(dependency_visitor& visit) const override {
    return notified_ ? name_holder(visit) : woken_by::somebody;
  }

 private:
  friend class condition;
  void enqueue() override;
  void lock_again() noexcept;

  condition* awaited_;
  mutex::guard* guard_;
  bool notified_ = false;  // Or cancelled: either way it only has to lock the mutex again.
};

inline condition_wait condition::wait(mutex::guard& guard) noexcept {
  return condition_wait(*this, guard);
}

template <std::predicate Predicate>
task<> condition::wait(mutex::guard& guard, Predicate predicate) {
  for (;;) {
    const bool holds = predicate();
    if (holds) co_return;
    co_await wait(guard);
  }
}

}  // namespace lariat
