// The code of docs/tasks.md, "Across loops".

#include <lariat/runtime/run/runtime.hpp>
#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/concurrent/concurrent_mutex.hpp>
#include <lariat/sched/concurrent/concurrent_semaphore.hpp>
#include <lariat/sched/concurrent/concurrent_watch.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/task.hpp>
#include <lariat/sched/task/yield.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <memory>
#include <string>

using namespace lariat;

namespace {

struct connection {
  int used = 0;
};

// One connection to a database, for tasks of all loops: each use awaits.
class database {
 public:
  task<int> query() {
    const concurrent_mutex::guard guard = co_await door_.lock();
    co_await yield();  // The query.
    co_return ++connection_.used;
  }

  // For functions in to_thread, and for threads.
  int query_blocking() {
    const concurrent_mutex::guard guard = door_.lock_blocking();
    return ++connection_.used;
  }

 private:
  concurrent_mutex door_;
  connection connection_;
};

// Follows a setting that any thread may change.
task<int> follow(concurrent_watch<std::string>::receiver setting) {
  int changes = 0;
  for (;;) {
    const bool changed = co_await setting.changed();
    if (!changed) co_return changes;
    const std::shared_ptr<const std::string> now = setting.get();
    changes += *now == "debug" ? 1 : 0;
  }
}

}  // namespace

TEST_CASE("tasks of all loops and threads share a connection and a setting", "[runtime][guide]") {
  runtime machine({.loops = 2});
  database shared;
  concurrent_watch<std::string> setting("info");
  const auto work = [&]() -> task<> {
    for (int i = 0; i < 100; ++i) (void)co_await shared.query();
    const auto blocking = [&] { return shared.query_blocking(); };
    (void)co_await to_thread(blocking);
  };
  const auto main = [&]() -> task<int> {
    auto first = machine.spawner_at(0).spawn(work);
    auto second = machine.spawner_at(1).spawn(work);
    auto follower = machine.spawner_at(1).spawn(follow, setting.subscribe());
    setting.set("debug");
    setting.close();
    co_await first;
    co_await second;
    const int changes = co_await follower;
    co_return changes;
  };
  CHECK(machine.block_on(main()) == 1);
  CHECK(shared.query_blocking() == 203);
}
