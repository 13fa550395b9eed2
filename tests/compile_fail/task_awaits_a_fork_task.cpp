// expect: a task awaits to_pool

#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/task/task.hpp>

lariat::fork_task<int> one() { co_return 1; }

lariat::task<int> caller() {
#ifdef CORRECT
  co_return co_await lariat::to_pool(one);
#else
  co_return co_await one();
#endif
}
