// first: A lambda says so, [] -> task<> { ... co_return; }

#include <lariat/sched/task/spawn.hpp>

void start() {
#ifdef CORRECT
  lariat::spawn([]() -> lariat::task<> { co_return; }).detach();
#else
  lariat::spawn([] {}).detach();
#endif
}
