#pragma once

#include <lariat/sched/coroutine/detail/frame_pool.hpp>
#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/task/detail/root_task.hpp>

#include <coroutine>
#include <cstddef>

namespace lariat {
class context;
}

namespace lariat::detail {

/// Runs a task's first coroutine on a pool: a step that goes from its loop to the pool and back.
/// Deletes itself.
class pool_run final : public runnable, private return_point {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* run, std::size_t size) noexcept { deallocate_frame(run, size); }

  using function = void (*)(void* state) noexcept;

  /// `ended(state)` is called on the task's loop when the coroutine has ended.
  pool_run(context& task, function ended, void* state) noexcept
      : return_point(&pool_run::returned), task_(task), ended_(ended), state_(state) {}

  /// The point that the coroutine has to return to.
  [[nodiscard]] return_point& back() noexcept { return *this; }

  /// Sends `body` to the pool; it was started so that it returns to `back`.
  void start(executor& where, std::coroutine_handle<> body) noexcept;

  /// Called twice: on the pool, then on the loop.
  void run() noexcept override;

 private:
  static void returned(return_point* self) noexcept;

  context& task_;
  std::coroutine_handle<> body_;
  function ended_;
  void* state_;
};

}  // namespace lariat::detail
