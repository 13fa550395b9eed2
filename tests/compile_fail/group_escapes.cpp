// A group is made by task_group::with, in the frame that awaits it; there is no other one.
// expect: abstract

#include <lariat/sched/scope/task_group.hpp>

lariat::task<> body(lariat::task_group& group) {
#ifdef CORRECT
  lariat::task_group& same = group;
#else
  lariat::task_group same = group;
#endif
  same.cancel();
  co_return;
}
