// first: a function that gives a task is to be called, as in timeout(1s, work())

#include <lariat/sched/time/timeout.hpp>

#include <chrono>

lariat::task<> work() { co_return; }

lariat::task<> caller() {
#ifdef CORRECT
  co_await lariat::timeout(std::chrono::seconds(1), work());
#else
  co_await lariat::timeout(std::chrono::seconds(1), work);
#endif
}
