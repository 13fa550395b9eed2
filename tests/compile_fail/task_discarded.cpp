// expect: a task does nothing until it is awaited or spawned
// flags: -Werror

#include <lariat/sched/task/task.hpp>

lariat::task<> work() { co_return; }

lariat::task<> caller() {
#ifdef CORRECT
  co_await work();
#else
  work();
#endif
  co_return;
}
