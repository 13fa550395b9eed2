// expect: a task waits, and belongs to a loop

#include <lariat/sched/fork_join.hpp>
#include <lariat/sched/to_pool.hpp>

lariat::task<int> on_a_loop() { co_return 1; }
lariat::fork_task<int> on_a_pool() { co_return 1; }

auto call() {
#ifdef CORRECT
  return lariat::to_pool(on_a_pool);
#else
  return lariat::to_pool(on_a_loop);
#endif
}
