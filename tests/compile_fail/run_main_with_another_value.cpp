// first: the main task gives the exit status, as a task<int>, or nothing, as a task<>

#include <lariat/runtime/run/run_main.hpp>

#ifdef CORRECT
lariat::task<int> main_task() { co_return 1; }
#else
lariat::task<bool> main_task() { co_return true; }
#endif

int main() { return lariat::run_main(main_task()); }
