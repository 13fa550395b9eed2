#include <lariat/sched/loop/detail/home_loop.hpp>

#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/detail/running_task.hpp>
#include <lariat/sched/loop/loop.hpp>

namespace lariat::detail {

loop* home_loop() noexcept {
  if (loop* const running = loop::current()) return running;
  const context* const task = computing_task();
  return task == nullptr ? nullptr : task->owner();
}

loop& require_home_loop(const char* operation) {
  loop* const home = home_loop();
  return home == nullptr ? loop::require(operation) : *home;
}

}  // namespace lariat::detail
