// expect: a fork_task awaits fork_join

#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/time/timer.hpp>

lariat::fork_task<> nothing() { co_return; }

lariat::fork_task<> caller() {
#ifdef CORRECT
  co_await nothing();
#else
  co_await lariat::sleep_for(std::chrono::seconds(1));
#endif
}
