// first: takes three arguments at most; with options it takes any number

#include <lariat/sched/task/spawn.hpp>

lariat::task<int> sum(int a, int b, int c, int d) { co_return a + b + c + d; }

void start() {
#ifdef CORRECT
  lariat::spawn({.name = "sum"}, sum, 1, 2, 3, 4).detach();
#else
  lariat::spawn(sum, 1, 2, 3, 4).detach();
#endif
}
