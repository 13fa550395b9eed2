// A reference to what may be gone when the task runs has to be asked for, by std::ref.
// expect: no matching function for call to 'spawn

#include <lariat/sched/spawn.hpp>

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
