// A concurrent_semaphore for each of the two, with --ends threads (both block) or loops (tasks of
// two runtimes).

#include "turns.hpp"

#include <lariat/runtime/run/run.hpp>
#include <lariat/sched/concurrent/concurrent_semaphore.hpp>
#include <lariat/sched/task/task.hpp>

#include <string>
#include <thread>

using namespace bench;

namespace {

lariat::concurrent_semaphore may_go[2] = {lariat::concurrent_semaphore(1),
                                          lariat::concurrent_semaphore(0)};

lariat::task<> take_turns(turns& work, int mine) {
  for (std::int64_t i = 0; i < work.count; ++i) {
    lariat::concurrent_semaphore::permit turn = co_await may_go[mine].acquire();
    turn.forget();
    ++work.number;
    may_go[1 - mine].release();
  }
}

void take_turns_blocking(turns& work, int mine) {
  for (std::int64_t i = 0; i < work.count; ++i) {
    may_go[mine].acquire_blocking().forget();
    ++work.number;
    may_go[1 - mine].release();
  }
}

}  // namespace

int main(int argc, char** argv) {
  turns work(argc, argv);
  const bool loops = option(argc, argv, "ends", std::string("threads")) == "loops";
  const auto take = [&](int mine) {
    if (loops) {
      lariat::run(take_turns(work, mine));
    } else {
      take_turns_blocking(work, mine);
    }
  };
  work.start();
  std::thread other(take, 1);
  take(0);
  other.join();
  work.report("lariat");
}
