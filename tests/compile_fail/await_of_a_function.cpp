// first: a function that gives one is to be called, as in co_await work()

#include <lariat/sched/task/task.hpp>

lariat::task<int> one() { co_return 1; }

lariat::task<int> caller() {
#ifdef CORRECT
  co_return co_await one();
#else
  co_return co_await one;
#endif
}
