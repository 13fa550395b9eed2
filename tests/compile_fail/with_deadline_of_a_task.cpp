// first: with_deadline takes a function of the deadline that gives a task

#include <lariat/sched/time/timeout.hpp>

#include <chrono>

lariat::task<> work() { co_return; }

lariat::task<> caller() {
#ifdef CORRECT
  co_await lariat::with_deadline(std::chrono::seconds(1), [](lariat::deadline&) { return work(); });
#else
  co_await lariat::with_deadline(std::chrono::seconds(1), work());
#endif
}
