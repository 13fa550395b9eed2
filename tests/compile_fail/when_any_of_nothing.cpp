// first: when_any needs at least one awaitable

#include <lariat/sched/scope/when_any.hpp>

lariat::task<int> one() { co_return 1; }

auto any() {
#ifdef CORRECT
  return lariat::when_any(one());
#else
  return lariat::when_any();
#endif
}
