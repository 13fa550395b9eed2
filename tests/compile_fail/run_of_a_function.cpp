// first: run takes a task: a function that gives one is to be called, as in run(work())

#include <lariat/runtime/run/run.hpp>

lariat::task<int> main_task() { co_return 0; }

int main() {
#ifdef CORRECT
  return lariat::run(main_task());
#else
  return lariat::run(main_task);
#endif
}
