// first: to_thread and to_pool(function, arguments...) cannot call this function

#include <lariat/sched/blocking/to_thread.hpp>

int twice(int number) { return 2 * number; }

lariat::task<> caller(lariat::lane& where) {
#ifdef CORRECT
  (void)co_await lariat::to_thread({.lane = &where}, twice, 1);
#else
  (void)co_await lariat::to_thread({.lane = &where}, twice, "1");
#endif
}
