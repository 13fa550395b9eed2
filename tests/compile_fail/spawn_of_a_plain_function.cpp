// expect: no matching function for call to 'spawn

#include <lariat/sched/spawn.hpp>

#ifdef CORRECT
lariat::task<int> work() { co_return 1; }
#else
int work() { return 1; }
#endif

void start() { lariat::spawn(work).detach(); }
