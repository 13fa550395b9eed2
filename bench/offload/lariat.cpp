// Empty calls from lariat's tasks to a thread by to_thread.

#include "calls.hpp"

#include <lariat/runtime/run/run.hpp>
#include <lariat/sched/blocking/lane.hpp>
#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/scope/task_group.hpp>

namespace {

using namespace lariat;

void nothing() {}

task<> keep_calling(bench::calls& work, thread_options where) {
  for (bool more = true; more;) {
    co_await to_thread(where, nothing);
    more = work.count();
  }
}

task<> call_all(bench::calls& work) {
  lane threads("bench", {.threads_max = work.threads});
  const thread_options where = {.lane = &threads};
  work.start();
  auto body = [&](task_group& group) -> task<> {
    for (unsigned i = 0; i < work.queue; ++i) {
      group.spawn(keep_calling, std::ref(work), where).detach();
    }
    co_return;
  };
  co_await task_group::with(body);
  work.report("lariat");
}

}  // namespace

int main(int argc, char** argv) {
  bench::calls work(argc, argv);
  lariat::run(call_all(work));
}
