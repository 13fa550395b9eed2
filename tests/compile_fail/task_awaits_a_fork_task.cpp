// expect: a task awaits to_pool

#include <lariat/sched/fork_join.hpp>
#include <lariat/sched/task.hpp>
#include <lariat/sched/to_pool.hpp>

lariat::fork_task<int> one() { co_return 1; }

lariat::task<int> caller() {
#ifdef CORRECT
  co_return co_await lariat::to_pool(one);
#else
  co_return co_await one();
#endif
}
