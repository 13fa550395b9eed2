// expect: nodiscard
// flags: -Werror

#include <lariat/sched/time/timeout.hpp>

lariat::task<> work() { co_return; }

lariat::task<> caller() {
#ifdef CORRECT
  co_await lariat::timeout(std::chrono::seconds(1), work());
#else
  lariat::timeout(std::chrono::seconds(1), work());
#endif
  co_return;
}
