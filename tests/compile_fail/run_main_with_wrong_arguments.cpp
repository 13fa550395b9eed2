// first: run_main takes a task, run_main(main_task()), or a function that gives one

#include <lariat/runtime/run/run_main.hpp>

lariat::task<int> main_task(int argc, char**) { co_return argc; }

int main(int argc, char** argv) {
#ifdef CORRECT
  return lariat::run_main(main_task, argc, argv);
#else
  return lariat::run_main(main_task, argv);
#endif
}
