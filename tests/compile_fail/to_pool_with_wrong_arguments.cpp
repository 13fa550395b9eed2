// first: to_thread and to_pool(function, arguments...) cannot call this function

#include <lariat/sched/pool/to_pool.hpp>

int twice(int number) { return 2 * number; }

lariat::task<> caller(lariat::pool& where) {
#ifdef CORRECT
  (void)co_await lariat::to_pool(where, twice, 1);
#else
  (void)co_await lariat::to_pool(where, twice, "1");
#endif
}
