// first: say std::ref(argument) if nobody else uses it meanwhile

#include <lariat/sched/pool/to_pool.hpp>

#include <functional>

void increment(int& counter) { ++counter; }

lariat::task<> caller(int& counter) {
#ifdef CORRECT
  co_await lariat::to_pool(increment, std::ref(counter));
#else
  co_await lariat::to_pool(increment, counter);
#endif
}
