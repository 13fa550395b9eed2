// A million sleeping tasks on lariat, each spawned, with a timer in its frame.

#include "rounds.hpp"

#include <lariat/runtime/run/run.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#include <chrono>

namespace {

using namespace lariat;

std::int64_t asleep = 0;
std::int64_t awake = 0;

task<> sleep_once(steady_time deadline) {
  ++asleep;
  co_await sleep_until(deadline);
  ++awake;
}

task<> two_rounds(bench::sleepers& work) {
  for (int round = 0; round < 2; ++round) {
    asleep = 0;
    awake = 0;
    work.begin();
    for (std::int64_t i = 0; i < work.count; ++i) {
      const steady_time deadline(std::chrono::nanoseconds(work.next_deadline_ns()));
      spawn(sleep_once, deadline).detach();
      // A spawned task starts in a turn of the loop, so that its memory is in the cache still.
      if (i % 256 == 255) co_await yield();
    }
    while (asleep < work.count) co_await yield();
    work.created();
    while (awake < work.count) co_await sleep_for(std::chrono::milliseconds(10));
    work.expired();
  }
  work.report("lariat");
}

}  // namespace

int main(int argc, char** argv) {
  bench::sleepers work(argc, argv);
  lariat::run(two_rounds(work));
}
