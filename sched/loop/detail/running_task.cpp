#include <lariat/sched/loop/detail/running_task.hpp>

#include <lariat/sched/coroutine/detail/fork_scope.hpp>
#include <lariat/sched/coroutine/detail/thread_state.hpp>
#include <lariat/sched/loop/loop.hpp>

namespace lariat::detail {

const context* computing_task() noexcept {
  const fork_scope* const scope = current_stacklet().scope;
  return scope == nullptr ? nullptr : scope->task;
}

const context* running_task() noexcept {
  if (const loop* const here = loop::current()) {
    // In a simulation threads' and pools' functions run here, too, between two tasks.
    if (const context* const task = here->running()) return task;
  }
  if (const context* const task = computing_task()) return task;
  return this_thread_state().lane_task;
}

}  // namespace lariat::detail
