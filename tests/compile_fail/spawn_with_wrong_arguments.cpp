// first: spawn(function, arguments...) cannot call this function with these arguments

#include <lariat/sched/task/spawn.hpp>

lariat::task<int> twice(int number) { co_return 2 * number; }

void start() {
#ifdef CORRECT
  lariat::spawn(twice, 1).detach();
#else
  lariat::spawn(twice, "1").detach();
#endif
}
