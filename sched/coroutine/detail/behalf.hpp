#pragma once

#include <lariat/sched/coroutine/detail/fork_scope.hpp>
#include <lariat/sched/coroutine/detail/thread_state.hpp>

#include <coroutine>

namespace lariat::detail {

/// Sets, until the scope ends, the task that this thread runs for, which `computing_task` returns.
/// For workers of a pool and substitutes of a lane's threads; a loop uses `loop::set_running`.
class behalf {
 public:
  explicit behalf(const context* task) noexcept {
    scope_.task = task;
    current_stacklet().scope = &scope_;
  }
  behalf(const behalf&) = delete;
  behalf& operator=(const behalf&) = delete;
  ~behalf() { current_stacklet().scope = nullptr; }

 private:
  fork_scope scope_;
};

/// On a pool's worker: runs the coroutine on behalf of `task` until it suspends.
inline void resume_on_pool(const context& task, std::coroutine_handle<> coroutine) noexcept {
  const behalf here(&task);
  coroutine.resume();  // The coroutine may run on another thread, or be gone, when this returns.
}

}  // namespace lariat::detail
