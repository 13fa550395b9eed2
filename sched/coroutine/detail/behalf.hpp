#pragma once

#include <lariat/sched/coroutine/detail/fork_scope.hpp>
#include <lariat/sched/coroutine/detail/thread_state.hpp>

#include <coroutine>

namespace lariat::detail {

/// Says for whom this thread, a pool's or what stands in for a lane's, runs until the scope ends:
/// `computing_task`. On a loop `loop::set_running` says it.
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
  coroutine.resume();  // It may be on another thread, or gone, when this returns.
}

}  // namespace lariat::detail
