// expect: nodiscard
// flags: -Werror

#include <lariat/sched/time/timer.hpp>

lariat::task<> caller() {
#ifdef CORRECT
  co_await lariat::sleep_for(std::chrono::seconds(1));
#else
  lariat::sleep_for(std::chrono::seconds(1));
#endif
  co_return;
}
