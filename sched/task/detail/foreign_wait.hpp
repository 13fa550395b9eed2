#pragma once

#include <lariat/sched/loop/detail/stand_in.hpp>

#include <atomic>
#include <coroutine>
#include <cstddef>

namespace lariat {
class loop;
}

namespace lariat::detail {

/// How a task waits for what is not lariat's, which may resume it on any thread: what that gets is
/// a stand-in, and the task itself is resumed by its loop or on its pool. Protocol:
/// sched/README.md, "Foreign awaitables".
class foreign_wait : private stand_in {
 public:
  foreign_wait(const foreign_wait&) = delete;
  foreign_wait& operator=(const foreign_wait&) = delete;

 protected:
  foreign_wait() noexcept : stand_in(&foreign_wait::resumed, &foreign_wait::destroyed) {}
  ~foreign_wait();

  /// The handle to wait by; null if the task has to go on instead, for it is cancelled.
  [[nodiscard]] std::coroutine_handle<promise_base> begin(
      std::coroutine_handle<promise_base> caller) noexcept;

  /// The awaitable's `await_suspend` has returned, to a task on a loop: from here on the task may
  /// run again. On a pool it may have run, and all this be gone.
  void suspended() noexcept { suspending_ = false; }

  /// The task goes on without having waited.
  void not_suspended() noexcept;

  /// When the task goes on. \throws operation_cancelled; std::runtime_error if its handle was
  /// destroyed.
  void check() const {
    if (refused_ || destroyed_) [[unlikely]]
      throw_reason();
  }

 private:
  class waiting;  // The operation that it is to the loop, in `place_`.
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
  bool suspending_ = false;  // In the awaitable's `await_suspend`, on a loop.
  // Written by whoever resumes it: then it is in a queue. Relaxed: a check only.
  std::atomic<bool> on_its_way_{false};
  // Out of sight, since task.hpp has to do without what an operation includes.
  alignas(void*) std::byte place_[5 * sizeof(void*)];
};

}  // namespace lariat::detail
