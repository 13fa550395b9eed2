// first: when_all takes 1 to 6 awaitables; put more of them into a range

#include <lariat/sched/scope/when_all.hpp>

lariat::task<int> one() { co_return 1; }

auto all() {
#ifdef CORRECT
  return lariat::when_all(one());
#else
  return lariat::when_all();
#endif
}
