// first: one that cannot be copied is handed over by std::move

#include <lariat/sched/task/spawn.hpp>

#include <memory>
#include <utility>

lariat::task<int> read_number(std::unique_ptr<int> number) { co_return *number; }

void start(std::unique_ptr<int> number) {
#ifdef CORRECT
  lariat::spawn(read_number, std::move(number)).detach();
#else
  lariat::spawn(read_number, number).detach();
#endif
}
