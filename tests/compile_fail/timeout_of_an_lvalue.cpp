// first: one that has a name is handed over by std::move

#include <lariat/sched/time/timeout.hpp>

#include <chrono>
#include <utility>

lariat::task<> caller(lariat::task<> body) {
#ifdef CORRECT
  co_await lariat::timeout(std::chrono::seconds(1), std::move(body));
#else
  co_await lariat::timeout(std::chrono::seconds(1), body);
#endif
}
