#pragma once

#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/loop/operation.hpp>

namespace lariat {

/// The awaitable of `yield`.
class [[nodiscard]] yield_operation final : public operation {
 public:
  yield_operation() = default;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    prepare(caller);
    if (must_cancel()) return false;
    suspend();
    complete();
    return true;
  }
  void await_resume() const {
    if (task_context().must_cancel()) [[unlikely]]
      throw_cancelled();
  }

  void cancel() noexcept override {}  // It is queued already, and checks for a cancel when it runs.
  [[nodiscard]] operation_info info() const noexcept override { return {"yield"}; }
};

/// Lets every other task that is ready run once, and the loop look at I/O and timers when its turn
/// is over (asyncio's `sleep(0)`). About 5 ns.
///
/// \par Cancellation
/// A cancel that came before or meanwhile is delivered: it ends by operation_cancelled.
[[nodiscard]] inline yield_operation yield() noexcept { return {}; }

}  // namespace lariat
