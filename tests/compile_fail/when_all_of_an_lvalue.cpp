// A task is awaited once: handing one over says so.
// first: one that has a name is handed over by std::move

#include <lariat/sched/scope/when_all.hpp>

#include <utility>

auto all(lariat::task<int>& body) {
#ifdef CORRECT
  return lariat::when_all(std::move(body));
#else
  return lariat::when_all(body);
#endif
}
