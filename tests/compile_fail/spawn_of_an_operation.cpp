// first: an operation is awaited in one: spawn([]() -> task<> { co_await sleep_for(1s); })

#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/time/timer.hpp>

void start() {
  const std::chrono::seconds second(1);
#ifdef CORRECT
  lariat::spawn([second]() -> lariat::task<> { co_await lariat::sleep_for(second); }).detach();
#else
  lariat::spawn(lariat::sleep_for(second)).detach();
#endif
}
