#pragma once

#include <lariat/sched/loop/detail/stand_in.hpp>

#include <atomic>
#include <coroutine>
#include <cstddef>

namespace lariat {
class loop;
}

namespace lariat::detail {

/// A task's wait for an awaitable that is not lariat's, and that may resume the task on any thread.
/// The awaitable gets the handle of a stand-in, and the task itself is resumed by its loop or on
/// its pool. Protocol: sched/README.md, "Foreign awaitables".
class foreign_wait : private stand_in {
 public:
  foreign_wait(const foreign_wait&) = delete;
  foreign_wait& operator=(const foreign_wait&) = delete;

 protected:
  foreign_wait() noexcept : stand_in(&foreign_wait::resumed, &foreign_wait::destroyed) {}
  ~foreign_wait();

  /// The handle to give to the awaitable; null if the task must not wait, because it is cancelled.
  [[nodiscard]] std::coroutine_handle<promise_base> begin(
      std::coroutine_handle<promise_base> caller) noexcept;

  /// Called when the awaitable's `await_suspend` has returned, for a task on a loop: from here on
  /// the task may be resumed. Not for a task on a pool, which may have been resumed already, and
  /// this object be gone.
  void suspended() noexcept { suspending_ = false; }

  /// Called if the task goes on without having waited.
  void not_suspended() noexcept;

  /// Called when the task goes on. \throws operation_cancelled; std::runtime_error if its handle
  /// was destroyed.
  void check() const {
    if (refused_ || destroyed_) [[unlikely]]
      throw_reason();
  }

 private:
  class waiting;  // The operation that the loop sees; it is in `place_`.
  static void resumed(stand_in* self) noexcept;
  static void destroyed(stand_in* self) noexcept;
  [[nodiscard]] waiting& operation() noexcept;
  [[nodiscard]] const waiting& operation() const noexcept;
  void come_back(bool at_once) noexcept;
  void come_back_to(loop& home, bool at_once) noexcept;
  [[noreturn]] void throw_reason() const;

  bool begun_ = false;
  bool refused_ = false;
  bool destroyed_ = false;
  bool suspending_ = false;  // The awaitable's `await_suspend` is running, on a loop.
  // Set by the thread that resumes the stand-in: then the operation is in a queue. Relaxed: only
  // for checks.
  std::atomic<bool> on_its_way_{false};
  // Storage for `waiting`, whose type is hidden because task.hpp must not include what
  // operation.hpp does.
  alignas(void*) std::byte place_[5 * sizeof(void*)];
};

}  // namespace lariat::detail
