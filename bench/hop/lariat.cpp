// From a task on lariat's loop to a pool of one worker, by to_pool.

#include "hops.hpp"

#include <lariat/runtime/run/run.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/time/timer.hpp>

namespace {

using namespace lariat;

void nothing() {}

task<> hop(bench::hops& work) {
  pool worker({.workers = 1});
  auto pin = [&work] { work.pin_worker(); };
  co_await to_pool(worker, pin);
  work.pin_caller();
  work.start();
  for (bool more = true; more;) {
    if (work.pause_us > 0) co_await sleep_for(std::chrono::microseconds(work.pause_us));
    work.sent();
    co_await to_pool(worker, nothing);
    more = work.returned();
  }
  work.report("lariat");
}

}  // namespace

int main(int argc, char** argv) {
  bench::hops work(argc, argv);
  lariat::run(hop(work));
}
