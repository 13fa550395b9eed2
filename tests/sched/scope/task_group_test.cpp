#include "combinator_test.hpp"
#include "fake_loop.hpp"

#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <memory>
#include <stdexcept>
#include <string>

using namespace lariat;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

task<> rest(nanoseconds delay) { co_await sleep_for(delay); }
task<> count(int& counter, nanoseconds delay) {
  co_await sleep_for(delay);
  ++counter;
}
task<> note_cancel(std::string& reason) {
  try {
    co_await sleep_for(1h);
  } catch (const operation_cancelled& cancelled) {
    reason = cancelled.reason();
    throw;
  }
}
task<> fail_when_cancelled(const char* text) {
  try {
    co_await sleep_for(1h);
  } catch (const operation_cancelled&) {
  }
  throw std::runtime_error(text);
}

task<> tree(task_group& group, int& counter, int depth) {
  ++counter;
  if (depth == 0) co_return;
  for (int i = 0; i < 2; ++i) {
    group.spawn(tree, std::ref(group), std::ref(counter), depth - 1).detach();
  }
  co_await yield();
}

}  // namespace

LOOP_TEST_CASE("a group ends when its body and all its children have", "[sched][task_group]") {
  int counter = 0;
  const nanoseconds start = time_here();
  const int value = co_await task_group::with([&](task_group& group) -> task<int> {
    for (int i = 1; i <= 10; ++i) {
      group.spawn(count, std::ref(counter), nanoseconds(1ms) * i).detach();
    }
    CHECK(group.size() == 10);
    co_return 5;
  });
  CHECK(value == 5);
  CHECK(counter == 10);
  CHECK(time_here() - start >= 10ms);
}

LOOP_TEST_CASE("children may use the locals of the scope around the group", "[sched][task_group]") {
  int sum = 0;
  {
    auto numbers = std::make_unique<int>(20);
    auto child = [&](int times) -> task<> {
      for (int i = 0; i < times; ++i) {
        co_await yield();
        sum += *numbers;
      }
    };
    co_await task_group::with([&](task_group& group) -> task<> {
      group.spawn(child, 2).detach();
      group.spawn(child, 3).detach();
      co_return;
    });
  }
  CHECK(sum == 100);
}

LOOP_TEST_CASE("a group without children, and children that spawn more", "[sched][task_group]") {
  co_await task_group::with([](task_group&) -> task<> { co_return; });

  int counter = 0;
  co_await task_group::with([&](task_group& group) -> task<> { co_await tree(group, counter, 4); });
  CHECK(counter == 31);
}

LOOP_TEST_CASE("children's handles give their values", "[sched][task_group]") {
  const int sum = co_await task_group::with([](task_group& group) -> task<int> {
    join_handle<int> one = group.spawn([]() -> task<int> { co_return 1; });
    join_handle<int> two = group.spawn({.name = "two"}, []() -> task<int> { co_return 2; });
    const int a = co_await one;
    const int b = co_await two;
    co_return a + b;
  });
  CHECK(sum == 3);
}

LOOP_TEST_CASE("a handle may outlive its group", "[sched][task_group]") {
  join_handle<int> handle;
  co_await task_group::with([&](task_group& group) -> task<> {
    handle = group.spawn([]() -> task<int> { co_return 4; });
    co_return;
  });
  CHECK(handle.done());
  const int value = co_await handle;
  CHECK(value == 4);
}

LOOP_TEST_CASE("the first failure cancels the body and the children, and all failures are thrown",
               "[sched][task_group]") {
  std::string body_reason;
  std::string child_reason;
  bool caught = false;
  try {
    co_await task_group::with([&](task_group& group) -> task<> {
      group.spawn(fail_after, nanoseconds(1ms), "first").detach();
      group.spawn(note_cancel, std::ref(child_reason)).detach();
      group.spawn(fail_when_cancelled, "second").detach();
      try {
        co_await sleep_for(1h);
      } catch (const operation_cancelled& cancelled) {
        body_reason = cancelled.reason();
        throw;
      }
    });
  } catch (const exception_group& group) {
    caught = true;
    CHECK(group.errors().size() == 2);
    CHECK(std::string(group.what()) == "task_group: 2 failures: first; second");
  }
  CHECK(caught);
  CHECK(body_reason == "another task of the group failed");
  CHECK(child_reason == body_reason);
}

LOOP_TEST_CASE("a body that fails cancels the children", "[sched][task_group]") {
  std::string reason;
  const std::string end = co_await end_of(task_group::with([&](task_group& group) -> task<> {
    group.spawn(note_cancel, std::ref(reason)).detach();
    co_await sleep_for(1ms);
    throw std::runtime_error("the body");
  }));
  CHECK(end == "task_group: 1 failure: the body");
  CHECK_FALSE(reason.empty());
}

LOOP_TEST_CASE("a child's failure is thrown although its handle was awaited, and not reported",
               "[sched][task_group]") {
  failure_log log(*loop::current());
  const std::string end = co_await end_of(task_group::with([](task_group& group) -> task<> {
    join_handle<int> child = group.spawn(fail_after, nanoseconds(1us), "seen twice");
    const outcome<int> seen = co_await as_result(child);
    CHECK(seen.error() != nullptr);
  }));
  CHECK(end == "task_group: 1 failure: seen twice");
  CHECK(log.entries().empty());
}

LOOP_TEST_CASE("a child that was cancelled is no failure", "[sched][task_group]") {
  const int value = co_await task_group::with([](task_group& group) -> task<int> {
    join_handle<void> child = group.spawn(rest, nanoseconds(1h));
    co_await sleep_for(1us);
    child.cancel();
    co_return 6;
  });
  CHECK(value == 6);
}

LOOP_TEST_CASE("cancel ends the group early, and what is spawned then never runs",
               "[sched][task_group][cancel]") {
  std::string reason;
  bool ran = false;
  const int value = co_await task_group::with([&](task_group& group) -> task<int> {
    group.spawn(note_cancel, std::ref(reason)).detach();
    co_await sleep_for(1us);
    group.cancel("enough");
    auto late = group.spawn([&]() -> task<> {
      ran = true;
      co_return;
    });
    CHECK(group.size() == 2);
    late.detach();
    co_return 1;
  });
  CHECK(value == 1);
  CHECK_FALSE(ran);
  CHECK(reason == "enough");
}

LOOP_TEST_CASE("nothing can be spawned into a group that has ended", "[sched][task_group]") {
  task_group* ended = nullptr;
  bool refused = false;
  // Runs when the body has ended, and before its awaiter is resumed.
  call late([&] {
    try {
      ended->spawn(rest, nanoseconds(1us)).detach();
    } catch (const std::logic_error&) {
      refused = true;
    }
  });
  co_await task_group::with([&](task_group& group) -> task<> {
    ended = &group;
    loop::current()->ready(late);
    co_return;
  });
  CHECK(refused);
}

LOOP_TEST_CASE("a cancelled body cancels the children and is thrown",
               "[sched][task_group][cancel]") {
  std::string reason;
  const std::string end = co_await end_of(task_group::with([&](task_group& group) -> task<> {
    group.spawn(note_cancel, std::ref(reason)).detach();
    co_await sleep_for(1us);
    throw operation_cancelled("by the body");
  }));
  CHECK(end == "cancelled by the body");
  CHECK(reason == "the group's body was cancelled");
}

LOOP_TEST_CASE("a cancel from outside ends children, and a body that runs, and is delivered",
               "[sched][task_group][cancel]") {
  for (const bool body_waits : {true, false}) {
    std::string reason;
    const auto body = [&](task_group& group) -> task<int> {
      group.spawn(note_cancel, std::ref(reason)).detach();
      if (body_waits) co_await sleep_for(1h);
      co_return 1;
    };
    join_handle<std::string> handle = spawn([&]() -> task<std::string> {
      std::string end = co_await end_of(task_group::with(body));
      co_return end;
    });
    co_await sleep_for(1us);
    handle.cancel("outside");
    const std::string end = co_await handle;
    CHECK(end == "cancelled outside");
    CHECK(reason == "its awaiter was cancelled");
  }
}

LOOP_TEST_CASE("a value wins over a cancel that cut no child short",
               "[sched][task_group][cancel]") {
  bool pending = false;
  join_handle<int> handle = spawn([&]() -> task<int> {
    const int value = co_await task_group::with([](task_group& group) -> task<int> {
      group.spawn(rest, nanoseconds(1h)).cancel();  // Not by the group's awaiter.
      group.spawn(survivor, 2).detach();
      co_return 1;
    });
    try {
      co_await yield();
    } catch (const operation_cancelled&) {
      pending = true;
    }
    co_return value;
  });
  co_await sleep_for(1us);
  handle.cancel();
  const int value = co_await handle;
  CHECK(value == 1);
  CHECK(pending);
}

LOOP_TEST_CASE("a timeout around a group whose body has returned is thrown",
               "[sched][task_group][cancel]") {
  const auto body = [](task_group& group) -> task<> {
    group.spawn(rest, nanoseconds(1h)).detach();
    co_return;
  };
  const auto parent = [&]() -> task<> { co_await task_group::with(body); };
  const std::string end = co_await end_of(timeout(1ms, parent()));
  CHECK(end == "timeout");
}

LOOP_TEST_CASE("a failure wins over the cancel that caused it, which stays pending",
               "[sched][task_group][cancel]") {
  bool pending = false;
  join_handle<std::string> handle = spawn([&]() -> task<std::string> {
    std::string end = co_await end_of(task_group::with([&](task_group& group) -> task<> {
      group.spawn(fail_when_cancelled, "cleanup").detach();
      co_await sleep_for(1h);
    }));
    try {
      co_await yield();
    } catch (const operation_cancelled&) {
      pending = true;
    }
    co_return end;
  });
  co_await sleep_for(1us);
  handle.cancel("outside");
  const std::string end = co_await handle;
  CHECK(end == "task_group: 1 failure: cleanup");
  CHECK(pending);
}

LOOP_TEST_CASE("groups nest, and a failure comes up through each", "[sched][task_group]") {
  std::string outer_child;
  const std::string end = co_await end_of(task_group::with([&](task_group& outer) -> task<> {
    outer.spawn(note_cancel, std::ref(outer_child)).detach();
    co_await task_group::with([](task_group& inner) -> task<> {
      inner.spawn(fail_after, nanoseconds(1ms), "deep").detach();
      co_await sleep_for(1h);
    });
  }));
  CHECK(end == "task_group: 1 failure: task_group: 1 failure: deep");
  CHECK_FALSE(outer_child.empty());
}

LOOP_TEST_CASE("a timeout around a group ends all of it", "[sched][task_group]") {
  std::string reason;
  const std::string end =
      co_await end_of(timeout(1ms, task_group::with([&](task_group& group) -> task<> {
                                group.spawn(note_cancel, std::ref(reason)).detach();
                                co_await sleep_for(1h);
                              })));
  CHECK(end.find("timeout") != std::string::npos);
  CHECK_FALSE(reason.empty());
}

LOOP_TEST_CASE("a spawn that throws leaves the group able to end", "[sched][task_group]") {
  struct uncopyable {
    uncopyable() = default;
    uncopyable(const uncopyable&) { throw std::runtime_error("no copy"); }
  };
  int refused = 0;
  co_await task_group::with([&](task_group& group) -> task<> {
    uncopyable value;
    auto body = [](const uncopyable&) -> task<> { co_return; };
    try {
      group.spawn(body, value).detach();
    } catch (const std::runtime_error&) {
      ++refused;
    }
    try {
      group.spawn(task<>()).detach();
    } catch (const std::logic_error&) {
      ++refused;
    }
    CHECK(group.size() == 0);
    co_return;
  });
  CHECK(refused == 2);
}

LOOP_TEST_CASE("a body that is no coroutine may spawn and then throw", "[sched][task_group]") {
  bool child_gone = false;
  auto body = [&](task_group& group) -> task<> {
    group
        .spawn([&]() -> task<> {
          co_await sleep_for(1ms);
          child_gone = true;
        })
        .detach();
    throw std::runtime_error("no task");
  };
  const std::string end = co_await end_of(task_group::with(body));
  CHECK(end == "task_group: 1 failure: no task");
  CHECK_FALSE(child_gone);  // Cancelled before its start.
  CHECK(loop::current()->live() == 1);
}

TEST_CASE("a group refuses to spawn from another thread", "[sched][task_group][threads]") {
  run_on_fake_loop([]() -> task<> {
    co_await task_group::with([](task_group& group) -> task<> {
      bool refused = false;
      std::thread([&] {
        try {
          group.spawn(rest, nanoseconds(1)).detach();
        } catch (const std::logic_error&) {
          refused = true;
        }
      }).join();
      CHECK(refused);
      co_return;
    });
  });
}

LOOP_TEST_CASE("a group's children are not kept after their end", "[sched][task_group]") {
  auto shared = std::make_shared<int>(0);
  co_await task_group::with([&](task_group& group) -> task<> {
    for (int i = 0; i < 1000; ++i) {
      group.spawn([](std::shared_ptr<int>) -> task<> { co_await yield(); }, shared).detach();
    }
    co_await until([&] { return group.size() == 0; });
    CHECK(shared.use_count() == 1);
  });
}
