// expect: dropping the handle detaches the task; say .detach()
// flags: -Werror

#include <lariat/sched/spawn.hpp>

lariat::task<> work() { co_return; }

void start() {
#ifdef CORRECT
  lariat::spawn(work).detach();
#else
  lariat::spawn(work);
#endif
}
