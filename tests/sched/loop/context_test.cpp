#include "fake_loop.hpp"

#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timer.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

unsigned leaf_line = 0;
unsigned middle_line = 0;
unsigned top_line = 0;

task<> leaf() {
  leaf_line = __LINE__ + 1;
  co_await sleep_for(1ms);
}
task<> middle() {
  co_await yield();
  middle_line = __LINE__ + 1;
  co_await leaf();
}
task<> top() {
  top_line = __LINE__ + 1;
  co_await middle();
}

// The live task of that name, as a dump of the tasks would find it.
const context* find(std::string_view name) {
  const context* found = nullptr;
  loop::current()->for_each_task([&](const context& task) {
    if (task.name() == name) found = &task;
  });
  return found;
}

std::vector<const context*> children_of(const context* parent) {
  std::vector<const context*> children;
  loop::current()->for_each_task([&](const context& task) {
    if (task.parent() == parent) children.push_back(&task);
  });
  return children;
}

}  // namespace

LOOP_TEST_CASE("the await sites of a suspended chain can be walked, line by line",
               "[sched][context]") {
  join_handle<void> handle = spawn({.name = "chain"}, top);
  co_await yield();
  co_await yield();
  const context* task = find("chain");
  CHECK(task != nullptr);
  const operation* waiting = task->waiting_in();
  CHECK(waiting != nullptr);
  CHECK(std::string(waiting->info().name) == "sleep");
  CHECK(waiting->info().fd == -1);
  std::vector<unsigned> lines;
  for (const detail::promise_base* at = waiting->waiter(); at != nullptr; at = at->awaiter()) {
    lines.push_back(at->site().line());
    CHECK(std::string(at->site().file_name()).ends_with("context_test.cpp"));
    CHECK(at->task_context() == task);
  }
  CHECK(lines == std::vector{leaf_line, middle_line, top_line});
  co_await handle;
}

LOOP_TEST_CASE("a context knows since when its task waits, and that it runs", "[sched][context]") {
  bool seen_running = false;
  auto body = [&]() -> task<> {
    seen_running = find("timed")->waiting_in() == nullptr;
    co_await sleep_for(1ms);
  };
  const auto before = time_here();
  join_handle<void> handle = spawn({.name = "timed"}, body);
  co_await yield();
  CHECK(seen_running);
  const context* task = find("timed");
  CHECK(task->waiting_for(before.count()) == 0);
  constexpr clock_ns second = 1'000'000'000;
  CHECK(task->waiting_for(before.count() + second) > second - second / 100);
  CHECK(task->waiting_for(before.count() + second) < second + second / 100);
  CHECK(task->live());
  CHECK(task->owner() == loop::current());
  co_await handle;
}

LOOP_TEST_CASE("a context knows where its task was spawned", "[sched][context]") {
  auto body = []() -> task<> { co_await yield(); };
  const unsigned line = __LINE__ + 1;
  join_handle<void> plain = spawn({.name = "plain"}, body);
  CHECK(find("plain")->spawn_site().line() == line);
  CHECK(find("plain")->parent() == nullptr);
  co_await plain;
}

LOOP_TEST_CASE("spawn notes its caller's line in every form", "[sched][context]") {
  auto none = []() -> task<> { co_return; };
  auto one = [](int) -> task<> { co_return; };
  auto two = [](int, int) -> task<> { co_return; };
  auto three = [](int, int, int) -> task<> { co_return; };
  std::vector<unsigned> sites;
  const unsigned line = __LINE__;
  join_handle<void> a = spawn(none);
  join_handle<void> b = spawn(one, 1);
  join_handle<void> c = spawn(two, 1, 2);
  join_handle<void> d = spawn(three, 1, 2, 3);
  join_handle<void> e = spawn(none());
  loop::current()->for_each_task([&](const context& task) {
    if (std::string(task.spawn_site().file_name()).ends_with("context_test.cpp")) {
      sites.push_back(task.spawn_site().line() - line);
    }
  });
  CHECK(sites == std::vector<unsigned>{1, 2, 3, 4, 5});
  co_await a;
  co_await b;
  co_await c;
  co_await d;
  co_await e;
}

LOOP_TEST_CASE("the children of combinators and groups know their parent and place",
               "[sched][context]") {
  join_handle<void> handle = spawn({.name = "parent"}, []() -> task<> {
    auto slow = []() -> task<> { co_await sleep_for(1ms); };
    co_await when_all(slow(), sleep_for(1ms));
  });
  co_await sleep_for(1us);
  const context* parent = find("parent");
  CHECK(std::string(parent->waiting_in()->info().name) == "when_all");
  const auto children = children_of(parent);
  CHECK(children.size() == 2);
  for (const context* each : children) {
    CHECK(std::string(each->waiting_in()->info().name) == "sleep");
    CHECK(each->spawn_site().line() == parent->waiting_in()->waiter()->site().line());
  }
  co_await handle;

  join_handle<void> grouped = spawn({.name = "grouped"}, []() -> task<> {
    co_await task_group::with([](task_group& group) -> task<> {
      group.spawn([]() -> task<> { co_await sleep_for(1ms); }).detach();
      co_await sleep_for(1ms);
    });
  });
  co_await sleep_for(1us);
  CHECK(children_of(find("grouped")).size() == 2);  // The body and what it spawned.
  co_await grouped;
}

LOOP_TEST_CASE("cancels are counted, and delivered once", "[sched][context]") {
  int delivered = 0;
  auto body = [&]() -> task<> {
    for (int i = 0; i < 3; ++i) {
      try {
        co_await sleep_for(1ms);
      } catch (const operation_cancelled&) {
        ++delivered;
      }
    }
  };
  join_handle<void> handle = spawn({.name = "counted"}, body);
  co_await yield();
  const context* task = find("counted");
  CHECK(task->cancel_count() == 0);
  handle.cancel();
  CHECK(task->cancel_count() == 1);
  CHECK(task->cancel_pending());
  co_await yield();
  CHECK_FALSE(task->cancel_pending());
  co_await handle;
  CHECK(delivered == 1);
}

TEST_CASE("ids are unique, across threads too", "[sched][context][threads]") {
  auto ids_of = [](loop_thread& where) {
    std::vector<std::uint64_t> ids;
    for (int i = 0; i < 2000; ++i) {
      join_handle<void> handle = where.spawn([]() -> task<> { co_return; });
      ids.push_back(handle.id());
      handle.get();
    }
    return ids;
  };
  loop_thread first;
  loop_thread second;
  std::vector<std::uint64_t> more;
  std::thread other([&] { more = ids_of(second); });
  std::vector<std::uint64_t> ids = ids_of(first);
  other.join();
  ids.insert(ids.end(), more.begin(), more.end());
  std::sort(ids.begin(), ids.end());
  CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
}
