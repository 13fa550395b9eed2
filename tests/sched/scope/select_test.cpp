#include "combinator_test.hpp"
#include "fake_loop.hpp"

#include <lariat/sched/channel/channel.hpp>
#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/task/join_handle.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

LOOP_TEST_CASE("select ends with the first, and cancels the others", "[sched][select]") {
  const auto begin = time_here();
  auto [slow, quick, slower] = co_await select(after(2s, 1), after(1s, 2), sleep_for(1h));
  CHECK(time_here() - begin < 2s);
  CHECK(slow.cancelled());
  REQUIRE(quick.has_value());
  CHECK(quick.value() == 2);
  CHECK(slower.cancelled());
}

LOOP_TEST_CASE("what completed in the same moment is there too", "[sched][select]") {
  auto [tx, rx] = channel<int>(1);
  auto [tx2, rx2] = channel<std::string>(1);
  auto selecting = spawn([&rx = rx, &rx2 = rx2]() -> task<std::string> {
    auto [number, text] = co_await select(rx.receive(), rx2.receive());
    if (!number.has_value() || !text.has_value()) co_return "one was lost";
    co_return *text.value() + std::to_string(*number.value());
  });
  co_await yield();
  co_await yield();
  co_await tx.send(1);
  co_await tx2.send("one ");
  const std::string both = co_await selecting;
  CHECK(both == "one 1");
}

LOOP_TEST_CASE("a loser takes nothing from a channel", "[sched][select]") {
  auto [tx, rx] = channel<int>(1);
  {
    auto [number, time] = co_await select(rx.receive(), sleep_for(1s));
    CHECK(number.cancelled());
    CHECK(time.has_value());
  }
  co_await tx.send(7);
  const std::optional<int> kept = co_await rx.receive();
  CHECK(kept == 7);
}

LOOP_TEST_CASE("an exception is an end too", "[sched][select]") {
  auto fail = []() -> task<int> {
    co_await sleep_for(1s);
    throw std::runtime_error("first");
  };
  auto [failed, slow] = co_await select(fail(), after(1h, 1));
  CHECK(failed.error() != nullptr);
  CHECK_FALSE(failed.cancelled());
  CHECK_THROWS_AS(failed.value(), std::runtime_error);
  CHECK(slow.cancelled());
}

LOOP_TEST_CASE("a cancelled select cancels all, unless a value has arrived", "[sched][select]") {
  bool ended = false;
  auto waiting = spawn([&]() -> task<> {
    auto both = co_await select(after(1h, 1), after(2h, 2));
    ended = both.first.has_value();
  });
  co_await yield();
  co_await yield();
  waiting.cancel("enough");
  std::string reason;
  try {
    co_await waiting;
  } catch (const operation_cancelled& cancelled) {
    reason = cancelled.reason();
  }
  CHECK(reason == "enough");
  CHECK_FALSE(ended);

  auto [tx, rx] = channel<int>(1);
  std::optional<int> got;
  auto receiving = spawn([&, &rx = rx]() -> task<> {
    auto [number, late] = co_await select(rx.receive(), sleep_for(1h));
    got = number.value();
    co_await yield();  // Here the cancel is delivered.
    got.reset();
  });
  co_await yield();
  co_await yield();
  co_await tx.send(3);
  receiving.cancel();
  bool cancelled = false;
  try {
    co_await receiving;
  } catch (const operation_cancelled&) {
    cancelled = true;
  }
  CHECK(got == 3);
  CHECK(cancelled);
}

LOOP_TEST_CASE("select of a range gives an outcome for each", "[sched][select]") {
  std::vector<task<int>> tasks;
  for (int i = 1; i <= 3; ++i) tasks.push_back(after(std::chrono::seconds(4 - i), i));
  std::vector<outcome<int>> ends = co_await select(std::move(tasks));
  REQUIRE(ends.size() == 3);
  CHECK(ends[0].cancelled());
  CHECK(ends[1].cancelled());
  CHECK(ends[2].value() == 3);

  bool refused = false;
  try {
    co_await select(std::vector<task<int>>());
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CHECK(refused);
}

LOOP_TEST_CASE("a range's select ends by an error, and by the first of the range",
               "[sched][select]") {
  auto fail = []() -> task<int> {
    co_await sleep_for(1s);
    throw std::runtime_error("first");
  };
  std::vector<task<int>> failing;
  failing.push_back(fail());
  failing.push_back(after(1h, 2));
  const auto begin = time_here();
  std::vector<outcome<int>> ends = co_await select(std::move(failing));
  CHECK(time_here() - begin < 1h);
  CHECK_THROWS_AS(ends[0].value(), std::runtime_error);
  CHECK(ends[1].cancelled());

  std::vector<task<int>> ordered;
  ordered.push_back(after(1s, 1));
  ordered.push_back(after(1h, 2));
  ends = co_await select(std::move(ordered));
  CHECK(ends[0].value() == 1);
  CHECK(ends[1].cancelled());
}

LOOP_TEST_CASE("a cancelled select of a range throws", "[sched][select]") {
  auto waiting = spawn([&]() -> task<> {
    std::vector<task<int>> tasks;
    for (int i = 1; i <= 2; ++i) tasks.push_back(after(1h, i));
    co_await select(std::move(tasks));
  });
  co_await yield();
  co_await yield();
  waiting.cancel("enough");
  const outcome<void> end = co_await as_result(waiting);
  CHECK(end.cancelled());
}

LOOP_TEST_CASE("a value of a range wins over a cancel, also if the others were cancelled",
               "[sched][select]") {
  auto [tx, rx] = channel<int>(1);
  std::optional<int> got;
  auto receive = [&rx = rx]() -> task<int> {
    const std::optional<int> value = co_await rx.receive();
    co_return value.value_or(0);
  };
  auto receiving = spawn([&]() -> task<> {
    std::vector<task<int>> tasks;
    tasks.push_back(after(1h, 1));
    tasks.push_back(receive());
    tasks.push_back(after(1h, 2));
    std::vector<outcome<int>> ends = co_await select(std::move(tasks));
    got = ends[1].value();
    co_await yield();  // Here the cancel is delivered.
    got.reset();
  });
  co_await yield();
  co_await yield();
  co_await tx.send(3);
  receiving.cancel();
  const std::string end = co_await end_of(receiving);
  CHECK(end == "cancelled");
  CHECK(got == 3);
}

LOOP_TEST_CASE("who was not begun when the first ended does nothing", "[sched][select]") {
  bool begun = false;
  auto begin = [&]() -> task<int> {
    begun = true;
    co_return 2;
  };
  auto at_once = []() -> task<int> { co_return 1; };
  auto [first, second] = co_await select_in_order(at_once(), begin());
  CHECK(first.value() == 1);
  CHECK(second.cancelled());
  CHECK_FALSE(begun);
}

LOOP_TEST_CASE("a select that a cancel precedes begins nothing", "[sched][select]") {
  bool begun = false;
  auto begin = [&]() -> task<int> {
    begun = true;
    co_return 1;
  };
  join_handle<void> self;
  self = spawn([&]() -> task<> {
    self.cancel();
    co_await select(begin(), begin());
  });
  const outcome<void> end = co_await as_result(self);
  CHECK(end.cancelled());
  self = spawn([&]() -> task<> {
    std::vector<task<int>> tasks;
    tasks.push_back(begin());
    self.cancel();
    co_await select(std::move(tasks));
  });
  const outcome<void> of_range = co_await as_result(self);
  CHECK(of_range.cancelled());
  CHECK_FALSE(begun);
}
