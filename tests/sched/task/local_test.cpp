#include "thread_test.hpp"

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/exit_scope.hpp>
#include <lariat/sched/scope/stop.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/local.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

local<int> request(0);
local<std::string> user;

int request_here() { return *request; }

task<int> read_request() {
  co_await yield();
  co_return *request;
}

task<int> set_and_read(int value) {
  request.set(value);
  co_await yield();
  co_return *request;
}

}  // namespace

LOOP_TEST_CASE("a task has a value of its own, or the initial one", "[sched][local]") {
  CHECK(*request == 0);
  CHECK(user.get() == nullptr);
  request.set(1);
  user.set("ada");
  co_await yield();
  CHECK(*request == 1);
  CHECK(user->size() == 3);
  request.set(2);
  CHECK(*request == 2);
}

LOOP_TEST_CASE("tasks inherit values, and keep what they set to themselves", "[sched][local]") {
  request.set(1);
  auto inheriting = spawn(read_request);
  request.set(2);
  const int inherited = co_await inheriting;
  CHECK(inherited == 1);  // As it was when the task was made.

  auto setting = spawn(set_and_read, 5);
  const int set = co_await setting;
  CHECK(set == 5);
  CHECK(*request == 2);

  auto [a, b, c] = co_await when_all(set_and_read(6), set_and_read(7), read_request());
  CHECK(a == 6);
  CHECK(b == 7);
  CHECK(c == 2);
  CHECK(*request == 2);

  const int shared = co_await set_and_read(8);  // Part of this task.
  CHECK(shared == 8);
  CHECK(*request == 8);

  auto body = [](task_group& group) -> task<int> {
    auto child = group.spawn(read_request);
    co_return co_await child;
  };
  const int grouped = co_await task_group::with(body);
  CHECK(grouped == 8);
}

LOOP_TEST_CASE("what a body that is the same task sets stays set", "[sched][local]") {
  request.set(1);
  const auto check_kept = [](int value, auto run) -> task<> {
    const int within = co_await run();
    CHECK(within == value);
    CHECK(*request == value);
  };
  co_await check_kept(2, []() -> task<int> { co_return co_await timeout(1s, set_and_read(2)); });
  CHECK(*request == 2);
  co_await check_kept(3, []() -> task<int> {
    auto body = [](deadline&) { return set_and_read(3); };
    co_return co_await with_deadline(1s, body);
  });
  co_await check_kept(
      4, []() -> task<int> { co_return co_await with_stop_token(stop_token(), set_and_read(4)); });
  co_await check_kept(5, []() -> task<int> {
    auto body = [](task_group& group) -> task<int> {
      auto child = group.spawn(set_and_read, 55);
      const int own = co_await set_and_read(5);
      const int other = co_await child;
      CHECK(other == 55);
      co_return own;
    };
    co_return co_await task_group::with(body);
  });
  co_await check_kept(6, []() -> task<int> { co_return co_await uncancellable(set_and_read(6)); });
  co_await check_kept(7, []() -> task<int> {
    auto body = [](exit_scope&) { return set_and_read(7); };
    co_return co_await exit_scope::with(body);
  });
  CHECK(*request == 7);

  // Also by a body that fails.
  auto failing = []() -> task<> {
    request.set(8);
    co_await sleep_for(1h);
  };
  bool expired = false;
  try {
    co_await timeout(1ms, failing());
  } catch (const timeout_error&) {
    expired = true;
  }
  CHECK(expired);
  CHECK(*request == 8);
  {
    local_scope scope(request, 9);
    const int within = co_await timeout(1s, set_and_read(10));
    CHECK(within == 10);
    CHECK(*request == 10);
  }
  CHECK(*request == 8);
}

LOOP_TEST_CASE("a scope puts the value back", "[sched][local]") {
  request.set(1);
  {
    local_scope scope(request, 2);
    local_scope named(user, std::string("bob"));
    co_await yield();
    CHECK(*request == 2);
    CHECK(*user == "bob");
    try {
      local_scope inner(request, 3);
      co_await yield();
      throw std::runtime_error("out");
    } catch (const std::runtime_error&) {
      CHECK(*request == 2);
    }
  }
  CHECK(*request == 1);
  CHECK(user.get() == nullptr);
}

THREAD_TEST_CASE("threads and pools read the values of the task that waits for them",
                 "[sched][local]") {
  request.set(9);
  const int on_thread = co_await to_thread(request_here);
  CHECK(on_thread == 9);
  pool workers({.workers = 2});
  const int on_pool = co_await to_pool(workers, request_here);
  CHECK(on_pool == 9);
  auto both = [&workers]() -> task<int> {
    auto [a, b] = co_await when_all(read_request(), read_request());
    auto spawned = spawn(read_request);
    const int c = co_await spawned;
    const int d = to_pool(workers, request_here).get();
    co_return a + b + c + d;
  };
  const int sum = co_await to_pool(workers, both);
  CHECK(sum == 36);
  auto set = []() -> task<bool> {
    bool refused = false;
    try {
      request.set(1);
    } catch (const std::logic_error&) {
      refused = true;
    }
    co_return refused;
  };
  const bool refused = co_await to_pool(workers, set);
  CHECK(refused);
}

TEST_CASE("outside of tasks there is the initial value, and nothing to set", "[sched][local]") {
  CHECK(*request == 0);
  CHECK(user.get() == nullptr);
  CHECK_THROWS_AS(request.set(1), std::logic_error);
}

namespace {

// Counts how many of it there are.
struct counted {
  static inline int live = 0;
  static inline int live_max = 0;
  counted() { live_max = std::max(live_max, ++live); }
  counted(const counted&) { live_max = std::max(live_max, ++live); }
  ~counted() { --live; }
};

local<counted> object;

}  // namespace

LOOP_TEST_CASE("a value that is set again replaces the one before", "[sched][local]") {
  auto body = []() -> task<> {
    co_await yield();
    for (int i = 0; i < 10'000; ++i) {
      request.set(i);
      object.set(counted());
    }
    CHECK(*request == 9999);
  };
  counted::live_max = 0;
  {
    auto setting = spawn(body);
    co_await setting;
  }
  CHECK(counted::live_max <= 4);  // The old one, the new one, and where that comes from.
  CHECK(counted::live == 0);
}

LOOP_TEST_CASE("tasks that share a value that is set again keep it", "[sched][local]") {
  auto keeping = [](const bool& go_on) -> task<int> {
    while (!go_on) co_await yield();
    co_return *request + (object.get() != nullptr ? 100 : 0);
  };
  bool go_on = false;
  request.set(1);
  object.set(counted());
  auto sharing = spawn(keeping, std::cref(go_on));
  request.set(2);
  auto other = spawn(keeping, std::cref(go_on));
  for (int i = 3; i < 1000; ++i) request.set(i);
  go_on = true;
  const int first = co_await sharing;
  const int second = co_await other;
  CHECK(first == 101);
  CHECK(second == 102);
}

LOOP_TEST_CASE("a scope puts back what was replaced in it", "[sched][local]") {
  request.set(1);
  user.set("ada");
  {
    local_scope scope(request, 2);
    for (int i = 3; i < 100; ++i) request.set(i);
    co_await yield();
    CHECK(*request == 99);
    CHECK(*user == "ada");
  }
  CHECK(*request == 1);
  CHECK(*user == "ada");
}

LOOP_TEST_CASE("a scope of a task without values leaves it without", "[sched][local]") {
  {
    local_scope scope(user, std::string("bob"));
    CHECK(*user == "bob");
  }
  CHECK(user.get() == nullptr);
  CHECK(*request == 0);
  co_return;
}
