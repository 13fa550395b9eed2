// A task runs once.
// first: retry calls a function that gives a task, once for each attempt

#include <lariat/sched/time/retry.hpp>

lariat::task<int> fetch() { co_return 1; }

lariat::task<int> caller() {
#ifdef CORRECT
  co_return co_await lariat::retry({.attempts = 3}, fetch);
#else
  co_return co_await lariat::retry({.attempts = 3}, fetch());
#endif
}
