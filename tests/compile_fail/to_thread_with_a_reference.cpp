// first: say std::ref(argument) if nobody else uses it meanwhile

#include <lariat/sched/blocking/to_thread.hpp>

#include <functional>

void increment(int& counter) { ++counter; }

lariat::task<> caller(int& counter) {
#ifdef CORRECT
  co_await lariat::to_thread(increment, std::ref(counter));
#else
  co_await lariat::to_thread(increment, counter);
#endif
}
