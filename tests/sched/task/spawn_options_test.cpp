#include "fake_loop.hpp"

#include <lariat/runtime/run/runtime.hpp>
#include <lariat/runtime/testing/simulation.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/cancel/stop_token.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/join_set.hpp>
#include <lariat/sched/scope/stop.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/task/exception_group.hpp>
#include <lariat/sched/task/local.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

local<int> number_of{0};

task<> note(std::string& log, char what) {
  log += what;
  co_await yield();
  log += what;
}

task<int> nest(int depth, int& deepest, int& running) {
  deepest = std::max(deepest, ++running);
  std::optional<join_handle<int>> child;
  if (depth > 0) {
    child = spawn({.eager = true}, nest, depth - 1, std::ref(deepest), std::ref(running));
  }
  --running;
  if (!child) co_return 1;
  const int below = co_await *child;
  co_return below + 1;
}

task<> spin(const bool& stop, int& steps) {
  while (!stop) {
    ++steps;
    co_await yield();
  }
}

task<> append(std::string& log, const char* name, int times) {
  for (int i = 0; i < times; ++i) {
    log += name;
    co_await yield();
  }
}

task<task_priority> own_priority() {
  co_await yield();
  co_return loop::current()->running()->priority();
}

}  // namespace

LOOP_TEST_CASE("an eager task runs to its first suspension in spawn", "[sched][spawn]") {
  std::string log;
  auto eager = spawn({.eager = true}, note, std::ref(log), 'e');
  log += '|';
  auto queued = spawn(note, std::ref(log), 'q');
  CHECK(log == "e|");
  CHECK_FALSE(eager.done());
  co_await eager;
  co_await queued;
  CHECK(log == "e|eqq");
}

LOOP_TEST_CASE("an eager task that never suspends has ended when spawn returns", "[sched][spawn]") {
  const auto seven = []() -> task<int> { co_return 7; };
  auto handle = spawn({.eager = true}, seven);
  CHECK(handle.done());
  const int value = co_await handle;
  CHECK(value == 7);
  auto made = spawn({.eager = true}, seven());
  CHECK(made.done());
  spawn({.eager = true}, seven).detach();
}

LOOP_TEST_CASE("what an eager task throws goes to its handle", "[sched][spawn]") {
  const auto fail = []() -> task<> {
    throw std::runtime_error("at once");
    co_return;
  };
  auto handle = spawn({.eager = true}, fail);
  CHECK(handle.done());
  bool thrown = false;
  try {
    co_await handle;
  } catch (const std::runtime_error& error) {
    thrown = std::string(error.what()) == "at once";
  }
  CHECK(thrown);
}

LOOP_TEST_CASE("an eager task is the running one, and then its spawner is again",
               "[sched][spawn]") {
  const context* const self = loop::current()->running();
  REQUIRE(self != nullptr);
  const context* seen = nullptr;
  const auto look = [&]() -> task<> {
    seen = loop::current()->running();
    co_await yield();
    CHECK(loop::current()->running() == seen);
  };
  auto handle = spawn({.name = "eager", .eager = true}, look);
  CHECK(seen != nullptr);
  CHECK(seen != self);
  CHECK(seen->name() == "eager");
  CHECK(loop::current()->running() == self);
  co_await handle;
  CHECK(loop::current()->running() == self);
}

LOOP_TEST_CASE("an eager task has local values and a stop token of its own", "[sched][spawn]") {
  const local_scope outer(number_of, 1);
  std::optional<stop_token> token;
  const auto work = [&]() -> task<> {
    CHECK(*number_of == 1);
    const local_scope inner(number_of, 2);
    token = co_await get_stop_token();
    co_await sleep_for(24h);
  };
  auto handle = spawn({.eager = true}, work);
  CHECK(*number_of == 1);
  REQUIRE(token);
  CHECK_FALSE(token->stop_requested());
  const stop_token own = co_await get_stop_token();
  CHECK(*token != own);
  handle.cancel();
  CHECK(token->stop_requested());
  bool cancelled = false;
  try {
    co_await handle;
  } catch (const operation_cancelled&) {
    cancelled = true;
  }
  CHECK(cancelled);
}

LOOP_TEST_CASE("an eager task may cancel its spawner, which sees it at its next await",
               "[sched][spawn]") {
  bool went_on = false;
  const auto spawner = [&]() -> task<> {
    auto* const self = loop::current()->running();
    const auto canceller = [self]() -> task<> {
      self->cancel();
      co_return;
    };
    spawn({.eager = true}, canceller).detach();
    went_on = true;
    co_await yield();
    FAIL("it was not cancelled");
  };
  auto handle = spawn(spawner);
  bool cancelled = false;
  try {
    co_await handle;
  } catch (const operation_cancelled&) {
    cancelled = true;
  }
  CHECK(cancelled);
  CHECK(went_on);
}

LOOP_TEST_CASE("eager starts that nest are bounded", "[sched][spawn]") {
  int deepest = 0;
  int running = 0;
  const int all = co_await spawn(nest, 100'000, std::ref(deepest), std::ref(running));
  CHECK(all == 100'001);
  CHECK(deepest == 33);  // 32 in the first one.
}

LOOP_TEST_CASE("a group's children may be eager", "[sched][spawn]") {
  std::string log;
  const auto body = [&](task_group& group) -> task<> {
    group.spawn({.eager = true}, note, std::ref(log), 'a').detach();
    log += '|';
    co_return;
  };
  co_await task_group::with(body);
  CHECK(log == "a|a");
}

LOOP_TEST_CASE("an eager child that fails at once cancels its group", "[sched][spawn]") {
  bool cancelled = false;
  const auto fail = []() -> task<> {
    throw std::runtime_error("at once");
    co_return;
  };
  const auto body = [&](task_group& group) -> task<> {
    group.spawn({.eager = true}, fail).detach();
    try {
      co_await sleep_for(24h);
    } catch (const operation_cancelled&) {
      cancelled = true;
      throw;
    }
  };
  bool thrown = false;
  try {
    co_await task_group::with(body);
  } catch (const exception_group&) {
    thrown = true;
  }
  CHECK(thrown);
  CHECK(cancelled);
}

LOOP_TEST_CASE("children that a body spawns before it is a coroutine are queued",
               "[sched][spawn]") {
  std::string log;
  const auto rest = [&]() -> task<> {
    log += '|';
    co_return;
  };
  const auto body = [&](task_group& group) {
    const auto end = [&]() -> task<> {
      log += 'c';
      co_return;
    };
    group.spawn({.eager = true}, end).detach();
    return rest();
  };
  co_await task_group::with(body);
  CHECK(log.size() == 2);
}

LOOP_TEST_CASE("an eager child of a group that is ending does not begin", "[sched][spawn]") {
  bool begun = false;
  const auto child = [&]() -> task<> {
    begun = true;
    co_return;
  };
  const auto body = [&](task_group& group) -> task<> {
    group.cancel();
    auto handle = group.spawn({.eager = true}, child);
    CHECK(handle.done());
    co_return;
  };
  co_await task_group::with(body);
  CHECK_FALSE(begun);
}

LOOP_TEST_CASE("a join_set takes eager tasks that have ended", "[sched][spawn]") {
  join_set<int> all;
  const auto give = [](int value) -> task<int> { co_return value; };
  all.add(spawn({.eager = true}, give, 1));
  all.add(spawn({.eager = true}, give, 2));
  auto first = co_await all.next();
  auto second = co_await all.next();
  CHECK(first->value() == 1);
  CHECK(second->value() == 2);
}

TEST_CASE("an eager task from another thread starts by the queue", "[sched][spawn]") {
  runtime program({.loops = 2});
  const auto where = []() -> task<loop*> { co_return loop::current(); };
  program.start();
  auto from_outside = program.spawn({.eager = true}, where);
  CHECK(from_outside.get() == &program.loop_at(0));
  auto main = [&]() -> task<> {
    auto other = program.spawner_at(1).spawn({.eager = true}, where);
    loop* const there = co_await other;
    CHECK(there == &program.loop_at(1));
  };
  program.block_on(main());
}

LOOP_TEST_CASE("tasks that are ready run by their priorities, and in order within one",
               "[sched][priority]") {
  std::string log;
  auto l = spawn({.priority = task_priority::low}, append, std::ref(log), "l", 2);
  auto m = spawn({.priority = task_priority::low}, append, std::ref(log), "m", 2);
  auto n = spawn(append, std::ref(log), "n", 2);
  auto o = spawn(append, std::ref(log), "o", 2);
  auto h = spawn({.priority = task_priority::high}, append, std::ref(log), "h", 2);
  auto i = spawn({.priority = task_priority::high}, append, std::ref(log), "i", 2);
  co_await l;
  co_await m;
  co_await n;
  co_await o;
  co_await h;
  co_await i;
  CHECK(log == "hihinonolmlm");
}

LOOP_TEST_CASE("a task of high priority waits for one step of low ones at most",
               "[sched][priority]") {
  bool stop = false;
  int steps = 0;
  auto one = spawn({.priority = task_priority::low}, spin, std::cref(stop), std::ref(steps));
  auto two = spawn({.priority = task_priority::low}, spin, std::cref(stop), std::ref(steps));
  int most = 0;
  const auto urgent = [&]() -> task<> {
    for (int i = 0; i < 1000; ++i) {
      int before = 0;
      event due;
      const auto wake = [&]() -> task<> {
        before = steps;
        due.set();
        co_return;
      };
      spawn({.priority = task_priority::low}, wake).detach();
      co_await due.wait();
      most = std::max(most, steps - before);
    }
  };
  co_await spawn({.priority = task_priority::high}, urgent);
  stop = true;
  co_await one;
  co_await two;
  CHECK(steps > 0);
  CHECK(most <= 1);
}

LOOP_TEST_CASE("low and normal tasks get their share of a loop that is full of urgent ones",
               "[sched][priority]") {
  bool stop = false;
  int high = 0;
  int normal = 0;
  int low = 0;
  auto a = spawn({.priority = task_priority::high}, spin, std::cref(stop), std::ref(high));
  auto b = spawn({.priority = task_priority::high}, spin, std::cref(stop), std::ref(high));
  auto c = spawn(spin, std::cref(stop), std::ref(normal));
  auto d = spawn({.priority = task_priority::low}, spin, std::cref(stop), std::ref(low));
  while (low < 100) co_await yield();  // By a step of the normal level itself.
  stop = true;
  CHECK(high < 100 * 20);
  CHECK(normal >= 50);
  CHECK(high > 10 * normal);
  co_await a;
  co_await b;
  co_await c;
  co_await d;
}

LOOP_TEST_CASE("sixteen low steps are a turn at most", "[sched][priority]") {
  std::string log;
  auto low = spawn({.priority = task_priority::low}, append, std::ref(log), "l", 1600);
  const std::uint64_t before = loop::current()->turns();
  co_await low;
  CHECK(loop::current()->turns() - before >= 100);
}

LOOP_TEST_CASE("priorities are inherited by what a task has others do", "[sched][priority]") {
  const auto work = []() -> task<> {
    const task_priority spawned = co_await spawn(own_priority);
    CHECK(spawned == task_priority::low);
    const task_priority raised = co_await spawn({.priority = task_priority::high}, own_priority);
    CHECK(raised == task_priority::high);
    const task_priority back = co_await spawn({.priority = task_priority::normal}, own_priority);
    CHECK(back == task_priority::normal);
    auto [one, two] = co_await when_all(own_priority(), own_priority());
    CHECK(one == task_priority::low);
    CHECK(two == task_priority::low);
    const task_priority awaited = co_await own_priority();
    CHECK(awaited == task_priority::low);
  };
  const task_priority outside = co_await spawn(own_priority);
  CHECK(outside == task_priority::normal);
  co_await spawn({.priority = task_priority::low}, work);
}

TEST_CASE("a task keeps its priority on another loop and on a pool", "[sched][priority]") {
  runtime program({.loops = 2});
  auto main = [&]() -> task<> {
    const auto work = [&]() -> task<> {
      const task_priority there = co_await program.spawner_at(1).spawn(own_priority);
      CHECK(there == task_priority::low);
      const auto compute = []() -> task<> { co_await yield(); };
      co_await to_pool(compute);
      CHECK(loop::current()->running()->priority() == task_priority::low);
    };
    co_await spawn({.priority = task_priority::low}, work);
  };
  program.block_on(main());
}

TEST_CASE("the order of priorities is the same in each run of a simulation", "[sched][priority]") {
  const auto order = [] {
    std::string log;
    testing::simulation world({.seed = 7});
    const auto main = [&]() -> task<> {
      const auto work = [&](const char* name) -> task<> {
        for (int i = 0; i < 20; ++i) {
          log += name;
          co_await sleep_for(std::chrono::microseconds(i % 3));
          co_await yield();
        }
      };
      auto a = spawn({.priority = task_priority::low}, work, "l");
      auto b = spawn({.priority = task_priority::high}, work, "h");
      auto c = spawn(work, "n");
      co_await a;
      co_await b;
      co_await c;
    };
    world.run(main());
    return log;
  };
  const std::string first = order();
  CHECK(first.size() == 60);
  CHECK(order() == first);
}
