#include "child_process.hpp"
#include "fake_loop.hpp"

#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/scope/start_staggered.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/result.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/text/detail/site_text.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<int> number(int value) { co_return value; }
task<int> outer(task<int> inner) {
  const int value = co_await std::move(inner);
  co_return value;
}
task<> rest() { co_await sleep_for(1h); }

// What a body says on stderr with that value of LARIAT_DEBUG.
template <class Body>
std::string said_by(const char* debug, Body body) {
  child_process child([&] {
    ::setenv("LARIAT_DEBUG", debug, 1);
    run_on_fake_loop(body);
    return 0;
  });
  CHECK(child.status() == 0);
  return child.output();
}

}  // namespace

#ifndef NDEBUG
TEST_CASE("a task that is dropped is told with LARIAT_DEBUG=1", "[sched][debug_reports]") {
  const auto drops = []() -> task<> {
    { const task<int> dropped = number(1); }
    co_return;
  };
  const std::string told = said_by("1", drops);
  CHECK(told.find("lariat: a task was dropped without being awaited: ") != told.npos);
  CHECK(told.find("+0x") != told.npos);  // For addr2line.
  CHECK(told.find("], by task ") != told.npos);
  CHECK(said_by("0", drops).empty());
  CHECK(said_by("deadlocks", drops).empty());
}

#endif

TEST_CASE("tasks that are awaited, refused or left by an exception are not told as dropped",
          "[sched][debug_reports]") {
  const std::string told = said_by("1", []() -> task<> {
    task<int> kept = number(1);
    const int value = co_await kept;
    task<int> moved = number(value);
    task<int> there = std::move(moved);
    (void)co_await there;
    (void)co_await outer(number(2));
    (void)co_await when_all(number(3), number(4));
    (void)co_await select_in_order(number(5), number(6));      // The second never begins.
    (void)co_await start_staggered(1h, number(7), number(8));  // Nor here.
    auto before = spawn([]() -> task<> { co_await when_all(number(1), number(2)); });
    before.cancel();
    (void)co_await as_result(before);
    auto spawned = spawn(number, 9);
    spawned.cancel();  // Before its start.
    (void)co_await as_result(spawned);
    try {
      const task<int> left = number(10);
      throw std::runtime_error("thrown");
    } catch (const std::runtime_error&) {
    }
  });
  CHECK(told == "");
}

TEST_CASE("a cancel that ends in a value is told with LARIAT_DEBUG=1", "[sched][debug_reports]") {
  const auto swallows = [](unsigned& line) -> task<> {
    const auto swallow = [&]() -> task<> {
      try {
        line = __LINE__ + 1;
        co_await sleep_for(1h);
      } catch (...) {
      }
    };
    auto handle = spawn({.name = "swallower"}, swallow);
    co_await sleep_for(1ms);
    handle.cancel();
    co_await handle;
  };
  std::string told;
  {
    child_process child([&] {
      ::setenv("LARIAT_DEBUG", "1", 1);
      unsigned line = 0;
      run_on_fake_loop([&] { return swallows(line); });
      std::printf("line %u.", line);
      return 0;
    });
    CHECK(child.status() == 0);
    told = child.output();
  }
  CHECK(told.find("lariat: a cancel was swallowed: task ") != told.npos);
  CHECK(told.find("\"swallower\" (spawned at ") != told.npos);
  const auto number_at = told.find("line ") + 5;
  const std::string line = told.substr(number_at, told.find('.', number_at) - number_at);
  CHECK(told.find("debug_reports_test.cpp:" + line + " and ended by a value") != told.npos);
  CHECK(said_by("0", [&]() -> task<> {
          unsigned line_here = 0;
          co_await swallows(line_here);
        }).empty());
}

TEST_CASE("a cancel that is passed on, or asked for as a result, is not told as swallowed",
          "[sched][debug_reports]") {
  const std::string told = said_by("1", []() -> task<> {
    const auto ended = [](auto body) -> task<> {
      auto handle = spawn(std::move(body));
      co_await sleep_for(1ms);
      handle.cancel();
      (void)co_await as_result(handle);
    };
    co_await ended([]() -> task<> { co_await rest(); });
    co_await ended([]() -> task<> { (void)co_await as_result(rest()); });
    co_await ended([]() -> task<> { (void)co_await try_timeout(2h, rest()); });
    co_await ended([]() -> task<> {  // A failure while it cleans up.
      try {
        co_await rest();
      } catch (const operation_cancelled&) {
      }
      throw std::runtime_error("cleanup");
    });
    (void)co_await try_timeout(1ms, rest());
    bool expired = false;
    try {
      co_await timeout(1ms, rest());
    } catch (const timeout_error&) {
      expired = true;
    }
    CHECK(expired);
    (void)co_await select(rest(), sleep_for(1ms));
  });
  CHECK(told == "");
}
