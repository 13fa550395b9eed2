// first: say std::ref(argument) if what it refers to outlives the task

#include <lariat/sched/scope/task_group.hpp>

#include <functional>

lariat::task<> increment(int& counter) {
  ++counter;
  co_return;
}

void start(lariat::task_group& group, int& counter) {
#ifdef CORRECT
  group.spawn(increment, std::ref(counter)).detach();
#else
  group.spawn(increment, counter).detach();
#endif
}
