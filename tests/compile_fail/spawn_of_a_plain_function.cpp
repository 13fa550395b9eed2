// first: spawn takes a function that gives a task<T>, and this one gives something else

#include <lariat/sched/task/spawn.hpp>

#ifdef CORRECT
lariat::task<int> work() { co_return 1; }
#else
int work() { return 1; }
#endif

void start() { lariat::spawn(work).detach(); }
