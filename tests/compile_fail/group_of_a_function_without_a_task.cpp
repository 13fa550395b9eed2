// first: task_group::with takes a function of the group that gives a task

#include <lariat/sched/scope/task_group.hpp>

lariat::task<> work() { co_return; }

lariat::task<> caller() {
#ifdef CORRECT
  co_await lariat::task_group::with([](lariat::task_group& group) -> lariat::task<> {
    group.spawn(work).detach();
    co_return;
  });
#else
  co_await lariat::task_group::with([](lariat::task_group& group) { group.spawn(work).detach(); });
#endif
}
