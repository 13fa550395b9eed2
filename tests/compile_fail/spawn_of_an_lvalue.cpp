// first: a task that exists is handed over, alone: spawn(std::move(task))

#include <lariat/sched/task/spawn.hpp>

#include <utility>

void start(lariat::task<> body) {
#ifdef CORRECT
  lariat::spawn(std::move(body)).detach();
#else
  lariat::spawn(body).detach();
#endif
}
