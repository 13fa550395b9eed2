#include "combinator_test.hpp"
#include "fake_loop.hpp"

#include <lariat/sched/scope/when_any.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timer.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

task<std::string> text_after(nanoseconds delay, std::string value) {
  co_await sleep_for(delay);
  co_return value;
}
task<int> survivor(int value, bool& cancelled) {
  try {
    co_await sleep_for(1h);
  } catch (const operation_cancelled&) {
    cancelled = true;
  }
  co_await sleep_for(1ms);
  co_return value;
}

}  // namespace

LOOP_TEST_CASE("when_any gives the place and the value of the first", "[sched][when_any]") {
  const nanoseconds start = time_here();
  auto first = co_await when_any(after(1h, 1), text_after(1ms, "two"), after(2h, 3));
  CHECK(first.index == 1);
  CHECK(first.value.index() == 1);
  CHECK(std::get<1>(first.value) == "two");
  CHECK(time_here() - start < 2ms);
}

LOOP_TEST_CASE("when_any of equal types tells them apart by place", "[sched][when_any]") {
  auto first = co_await when_any(after(2ms, 1), after(1ms, 2));
  CHECK(first.index == 1);
  CHECK(std::get<1>(first.value) == 2);
  auto tie = co_await when_any_in_order(after(1ms, 1), after(1ms, 2));
  CHECK(tie.index == 0);  // Equal deadlines fire in order.
}

LOOP_TEST_CASE("when_any takes operations", "[sched][when_any]") {
  auto first = co_await when_any(sleep_for(1ms), after(1h, 2));
  CHECK(first.index == 0);
  CHECK(std::holds_alternative<detail::nothing>(first.value));
}

LOOP_TEST_CASE("when_any of a range gives the value itself", "[sched][when_any]") {
  std::vector<task<int>> tasks;
  for (int i = 0; i < 100; ++i) tasks.push_back(after(nanoseconds(1ms) * (100 - i), i));
  auto first = co_await when_any(std::move(tasks));
  CHECK(first.index == 99);
  CHECK(first.value == 99);
}

LOOP_TEST_CASE("when_any of an empty range throws when it is awaited", "[sched][when_any]") {
  std::string error;
  auto bundle = when_any(std::vector<task<int>>());
  try {
    (void)co_await std::move(bundle);
  } catch (const std::invalid_argument& refusal) {
    error = refusal.what();
  }
  CHECK(error.find("empty") != std::string::npos);
}

LOOP_TEST_CASE("the losers are cancelled and waited for", "[sched][when_any]") {
  bool cancelled = false;
  const nanoseconds start = time_here();
  auto first = co_await when_any(survivor(1, cancelled), after(1ms, 2));
  CHECK(first.index == 1);  // The loser's value is dropped.
  CHECK(cancelled);
  CHECK(time_here() - start >= 2ms);
}

LOOP_TEST_CASE("the first one's exception is thrown", "[sched][when_any]") {
  const std::string end = co_await end_of(when_any(after(1h, 1), fail_after(1ms, "first")));
  CHECK(end == "first");
  std::vector<task<int>> tasks;
  tasks.push_back(after(1h, 1));
  tasks.push_back(fail_after(1ms, "of a range"));
  const std::string range_end = co_await end_of(when_any(std::move(tasks)));
  CHECK(range_end == "of a range");
}

LOOP_TEST_CASE("a cancel is delivered when nobody was first", "[sched][when_any][cancel]") {
  join_handle<std::string> handle = spawn([]() -> task<std::string> {
    const std::string end = co_await end_of(when_any(after(1h, 1), after(2h, 2)));
    co_return end;
  });
  co_await sleep_for(1us);
  handle.cancel("outside");
  const std::string end = co_await handle;
  CHECK(end == "cancelled outside");
}

LOOP_TEST_CASE("when_any under a cancel that came before starts nothing",
               "[sched][when_any][cancel]") {
  bool started = false;
  auto child = [&]() -> task<int> {
    started = true;
    co_return 1;
  };
  join_handle<std::string> handle = spawn([&]() -> task<std::string> {
    loop::current()->cancel_all("early");
    std::string end = co_await end_of(when_any(child(), child()));
    co_return end;
  });
  try {
    co_await until([&] { return handle.done(); });
  } catch (const operation_cancelled&) {
  }
  const std::string end = co_await handle;
  CHECK(end == "cancelled early");
  CHECK_FALSE(started);
}

LOOP_TEST_CASE("the value of the first wins over a cancel that comes while losers clean up",
               "[sched][when_any][cancel]") {
  bool cancelled = false;
  join_handle<std::size_t> handle = spawn([&]() -> task<std::size_t> {
    auto first = co_await when_any(survivor(1, cancelled), after(1us, 2));
    co_return first.index;
  });
  co_await until([&] { return cancelled; });
  handle.cancel("late");
  const std::size_t index = co_await handle;
  CHECK(index == 1);
}

LOOP_TEST_CASE("when_any nests", "[sched][when_any]") {
  auto first = co_await when_any(after(1h, 1), when_any(after(2h, 2), after(1ms, 3)));
  CHECK(first.index == 1);
  CHECK(std::get<1>(first.value).index == 1);
  CHECK(std::get<1>(std::get<1>(first.value).value) == 3);
}

LOOP_TEST_CASE("when_any races handles without losing them", "[sched][when_any]") {
  join_handle<int> slow = spawn(after, nanoseconds(5ms), 1);
  auto first = co_await when_any(shield(slow), after(1ms, 2));
  CHECK(first.index == 1);
  const int value = co_await slow;
  CHECK(value == 1);
}
