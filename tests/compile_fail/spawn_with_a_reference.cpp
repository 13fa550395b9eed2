// A reference to what may be gone when the task runs has to be asked for, by std::ref.
// first: say std::ref(argument) if what it refers to outlives the task

#include <lariat/sched/task/spawn.hpp>

#include <functional>

lariat::task<> increment(int& counter) {
  ++counter;
  co_return;
}

void start(int& counter) {
#ifdef CORRECT
  lariat::spawn(increment, std::ref(counter)).detach();
#else
  lariat::spawn(increment, counter).detach();
#endif
}
