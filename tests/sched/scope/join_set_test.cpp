#include "combinator_test.hpp"
#include "fake_loop.hpp"

#include <lariat/sched/scope/join_set.hpp>
#include <lariat/sched/task/result.hpp>
#include <lariat/sched/time/timeout.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

LOOP_TEST_CASE("ends come in their order, of tasks that are added meanwhile too",
               "[sched][join_set]") {
  join_set<int> set;
  for (const int seconds : {3, 1}) set.add(spawn(after(std::chrono::seconds(seconds), seconds)));
  std::vector<int> order;
  std::optional<outcome<int>> next = co_await set.next();
  order.push_back(next->value());
  set.add(spawn(after(1s, 2)));
  CHECK(set.size() == 2);
  while (set.size() > 0) {
    next = co_await set.next();
    order.push_back(next->value());
  }
  CHECK(order == std::vector{1, 2, 3});
  const std::optional<outcome<int>> none = co_await set.next();
  CHECK_FALSE(none.has_value());
}

LOOP_TEST_CASE("failures and cancels are ends, and do not end the others", "[sched][join_set]") {
  join_set<int> set;
  set.add(spawn(fail_after(1s, "planned")));
  set.add(spawn(after(2s, 5)));
  std::optional<outcome<int>> next = co_await set.next();
  CHECK(end_text(next->error()) == "planned");
  next = co_await set.next();
  CHECK(next->value() == 5);

  for (int i = 0; i < 3; ++i) set.add(spawn(after(1h, i)));
  co_await yield();
  set.cancel("enough");
  CHECK(set.size() == 3);  // Their ends are given.
  while (set.size() > 0) {
    next = co_await set.next();
    CHECK(next->cancelled());
    CHECK(end_text(next->error()) == "cancelled enough");
  }
}

LOOP_TEST_CASE("a set holds what ended until it is taken", "[sched][join_set]") {
  join_set<int> set;
  for (int i = 0; i < 4; ++i) set.add(spawn(after(0s, i)));
  auto ended = spawn(after(0s, 4));
  co_await sleep_for(1s);
  CHECK(ended.done());
  set.add(std::move(ended));  // It has ended before it was added.
  CHECK(set.running() == 0);
  CHECK(set.size() == 5);
  for (int i = 0; i < 5; ++i) {
    std::optional<outcome<int>> next = co_await set.next();
    CHECK(next->value() == i);
  }
}

LOOP_TEST_CASE("room is waited for, so that no more run than may", "[sched][join_set]") {
  constexpr std::size_t limit = 3;
  join_set<void> set(limit);
  std::size_t running = 0;
  std::size_t most = 0;
  auto work = [&](int length) -> task<> {
    most = std::max(most, ++running);
    co_await sleep_for(std::chrono::milliseconds(length));
    --running;
  };
  for (int i = 0; i < 20; ++i) {
    co_await set.room();
    CHECK_FALSE(set.full());
    set.add(spawn(work, 1 + i % 4));
  }
  int ends = 0;
  for (;;) {
    const std::optional<outcome<void>> next = co_await set.next();
    if (!next) break;
    ++ends;
  }
  CHECK(ends == 20);
  CHECK(most == limit);
}

LOOP_TEST_CASE("a cancelled wait skips no end", "[sched][join_set]") {
  join_set<int> set(1);
  set.add(spawn(after(1s, 7)));
  const auto end_of_wait = [&](auto make) -> task<std::string> {
    auto waiting = spawn([&]() -> task<> { (void)co_await make(); });
    co_await yield();
    waiting.cancel();
    co_return co_await end_of(std::move(waiting));
  };
  const auto next_end = [&] { return set.next(); };
  const auto room = [&] { return set.room(); };
  const std::string next = co_await end_of_wait(next_end);
  CHECK(next == "cancelled");
  const std::string for_room = co_await end_of_wait(room);
  CHECK(for_room == "cancelled");
  std::optional<outcome<int>> kept = co_await set.next();
  CHECK(kept->value() == 7);
}

LOOP_TEST_CASE("a cancel before a wait begins none; an end that came stays", "[sched][join_set]") {
  join_set<int> set;
  set.add(spawn(after(0s, 7)));
  co_await sleep_for(1ms);
  join_handle<void> self;
  self = spawn([&]() -> task<> {
    self.cancel();
    (void)co_await set.next();
  });
  const outcome<void> refused = co_await as_result(self);
  CHECK(refused.cancelled());
  CHECK(set.size() == 1);
}

LOOP_TEST_CASE("an end in the turn of a timeout is not lost", "[sched][join_set]") {
  join_set<int> set;
  set.add(spawn(after(1s, 7)));
  auto next_end = [&]() -> task<int> {
    std::optional<outcome<int>> next = co_await set.next();
    co_return next->value();
  };
  std::optional<int> in_time = co_await try_timeout(1s, next_end());
  if (!in_time) in_time = co_await next_end();
  CHECK(in_time == 7);
}

LOOP_TEST_CASE("a set that goes cancels its tasks", "[sched][join_set]") {
  std::string end;
  {
    join_set<void> set;
    auto work = [&]() -> task<> {
      end = co_await end_of(sleep_for(1h));
      co_return;
    };
    set.add(spawn(work));
    co_await yield();
  }
  co_await sleep_for(1ms);
  CHECK(end == "cancelled its join_set was destroyed");
}

TEST_CASE("a failure that nobody took is reported when the set goes", "[sched][join_set]") {
  fake_driver driver;
  loop loop(driver);
  failure_log log(loop);
  run_on(loop, []() -> task<> {
    join_set<int> set;
    set.add(spawn(fail_after(0s, "not taken")));
    co_await sleep_for(1s);
    CHECK(set.size() == 1);
  });
  REQUIRE(log.entries().size() == 1);
  CHECK(log.entries()[0].text == "not taken");
}

LOOP_TEST_CASE("misuse of a join_set is refused", "[sched][join_set]") {
  CHECK_THROWS_AS(join_set<int>(0), std::invalid_argument);
  join_set<int> set;
  CHECK_THROWS_AS(set.add(join_handle<int>()), std::logic_error);
  set.add(spawn(after(1s, 1)));
  auto first = spawn([&]() -> task<> { (void)co_await set.next(); });
  co_await yield();
  std::string refusal;
  try {
    (void)co_await set.next();
  } catch (const std::logic_error& error) {
    refusal = error.what();
  }
  CHECK(refusal == "lariat: join_set::next: another task awaits it already");
  co_await first;
}
