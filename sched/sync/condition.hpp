#pragma once

#include <lariat/sched/sync/mutex.hpp>
#include <lariat/sched/task/task.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace lariat {

class condition_wait;

/// Lets tasks that hold a mutex wait until something has changed that it guards (asyncio's
/// Condition): `co_await changed.wait(guard, [&] { return !items.empty(); });`.
///
/// \par Threads
/// It belongs to one loop, that of the thread that makes it, else that of the first task that uses
/// it; the tasks of that loop may wait. Any thread may notify, without the mutex. As to its life,
/// see `event`.
class condition final : private detail::loop_bound {
 public:
  condition() = default;

  /// Gives up the mutex, waits for a notification, and takes the mutex again. It may have changed
  /// hands in between, so look again, or pass a predicate. Allocates nothing.
  ///
  /// \param guard Holds the mutex, and stays where it is until the await has ended.
  /// \throws std::logic_error if it holds none, or in a task of another loop.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, but only when it has the mutex again. Who was notified is not
  /// cancelled any more: then the cancel stays pending.
  [[nodiscard]] condition_wait wait(mutex::guard& guard) noexcept;

  /// Waits until `predicate()` holds; that is looked at with the mutex held, at once and after each
  /// notification. Takes a frame.
  ///
  /// \par Cancellation
  /// As for `wait`.
  template <std::predicate Predicate>
  [[nodiscard]] task<> wait(mutex::guard& guard, Predicate predicate);

  /// Wakes up to `count` of those that wait, the longest first. They go on when they have the
  /// mutex. From another thread it happens when the loop has heard of it.
  void notify(std::size_t count = 1) noexcept {
    if (here()) [[likely]] {
      notify_here(count);
    } else {
      request_count(count);
    }
  }

  /// Wakes all that wait. From another thread as `notify`.
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
  bool notified_ = false;  // Or cancelled: what is left is to have the mutex again.
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
