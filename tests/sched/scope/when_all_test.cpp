#include "combinator_test.hpp"
#include "fake_loop.hpp"

#include <lariat/sched/channel/channel.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timer.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

task<std::unique_ptr<int>> owned(int value) {
  co_await yield();
  co_return std::make_unique<int>(value);
}

// Takes a millisecond to clean up after a cancel, and says why it was cancelled.
task<int> cleaning(std::string& reason) {
  try {
    co_await sleep_for(1h);
  } catch (const operation_cancelled& cancelled) {
    reason = cancelled.reason();
  }
  co_await sleep_for(1ms);
  throw operation_cancelled("cleaned up");
}

}  // namespace

LOOP_TEST_CASE("when_all runs all at once and gives the values in order", "[sched][when_all]") {
  const nanoseconds start = time_here();
  auto [a, b, c] = co_await when_all(after(3ms, 1), after(1ms, 2), owned(3));
  CHECK(a == 1);
  CHECK(b == 2);
  CHECK(*c == 3);
  CHECK(time_here() - start < 4ms);
  auto [single] = co_await when_all(after(1ms, 4));
  CHECK(single == 4);
}

LOOP_TEST_CASE("when_all takes operations beside tasks", "[sched][when_all]") {
  const nanoseconds start = time_here();
  auto [slept, value, yielded] = co_await when_all(sleep_for(2ms), after(1ms, 5), yield());
  CHECK(value == 5);
  CHECK(slept == detail::nothing());
  CHECK(yielded == detail::nothing());
  CHECK(time_here() - start >= 2ms);
}

LOOP_TEST_CASE("when_all takes handles, references and what may be moved", "[sched][when_all]") {
  int object = 1;
  auto refer = [](int& target) -> task<int&> { co_return target; };
  join_handle<int> handle = spawn(after, nanoseconds(1ms), 6);
  auto [same, joined] = co_await when_all(refer(object), std::move(handle));
  CHECK(&same == &object);
  CHECK(joined == 6);
}

LOOP_TEST_CASE("when_all of six", "[sched][when_all]") {
  auto [a, b, c, d, e, f] = co_await when_all(after(6us, 1), after(5us, 2), after(4us, 3),
                                              after(3us, 4), after(2us, 5), after(1us, 6));
  const std::vector<int> all{a, b, c, d, e, f};
  CHECK(all == std::vector{1, 2, 3, 4, 5, 6});
}

LOOP_TEST_CASE("when_all of a range gives a vector of the values", "[sched][when_all]") {
  std::vector<task<int>> tasks;
  for (int i = 0; i < 1000; ++i) tasks.push_back(after(nanoseconds((i * 7919) % 1000), i));
  const std::vector<int> values = co_await when_all(tasks);
  bool ordered = values.size() == 1000;
  for (std::size_t i = 0; i < values.size(); ++i) ordered &= values[i] == static_cast<int>(i);
  CHECK(ordered);

  std::vector<sleep_operation> sleeps{sleep_for(1ms), sleep_for(2ms)};
  co_await when_all(std::move(sleeps));
}

LOOP_TEST_CASE("when_all of an empty range ends at once", "[sched][when_all]") {
  const std::uint64_t turns = loop::current()->turns();
  const std::vector<int> values = co_await when_all(std::vector<task<int>>());
  CHECK(values.empty());
  co_await when_all(std::vector<task<>>());
  CHECK(loop::current()->turns() == turns);
}

LOOP_TEST_CASE("the first error cancels the siblings, waits for them and is thrown",
               "[sched][when_all]") {
  const nanoseconds start = time_here();
  std::string reason;
  const std::string end = co_await end_of(when_all(cleaning(reason), fail_after(1ms, "first")));
  CHECK(end == "first");
  CHECK(reason == "a sibling has ended");
  CHECK(time_here() - start >= 2ms);  // One to fail, one to clean up.
  CHECK(time_here() - start < 3ms);
}

LOOP_TEST_CASE("an error that came first wins over a later one", "[sched][when_all]") {
  auto fails_when_cancelled = []() -> task<int> {
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
    }
    throw std::runtime_error("second");
  };
  const std::string end =
      co_await end_of(when_all(fails_when_cancelled(), fail_after(1ms, "first")));
  CHECK(end == "first");
}

LOOP_TEST_CASE("a real error wins over a cancel that came before it", "[sched][when_all]") {
  auto cancelled_alone = []() -> task<int> {
    co_await yield();
    throw operation_cancelled("by itself");
  };
  auto fails_when_cancelled = []() -> task<int> {
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
    }
    throw std::runtime_error("real");
  };
  const std::string end = co_await end_of(when_all(cancelled_alone(), fails_when_cancelled()));
  CHECK(end == "real");
}

LOOP_TEST_CASE("a cancel reaches all, is waited for, and is delivered with its reason",
               "[sched][when_all][cancel]") {
  std::string first;
  std::string second;
  join_handle<std::string> handle = spawn([&]() -> task<std::string> {
    const std::string end = co_await end_of(when_all(cleaning(first), cleaning(second)));
    co_return end;
  });
  co_await sleep_for(1us);
  const nanoseconds start = time_here();
  handle.cancel("outside");
  const std::string end = co_await handle;
  CHECK(end == "cancelled outside");
  CHECK(time_here() - start >= 1ms);
}

LOOP_TEST_CASE("when_all under a cancel that came before starts nothing",
               "[sched][when_all][cancel]") {
  bool started = false;
  auto child = [&]() -> task<int> {
    started = true;
    co_return 1;
  };
  join_handle<std::string> handle = spawn([&]() -> task<std::string> {
    loop::current()->cancel_all("early");
    const std::string end = co_await end_of(when_all(child(), child()));
    co_return end;
  });
  std::string end;
  try {
    co_await until([&] { return handle.done(); });
  } catch (const operation_cancelled&) {
  }
  end = co_await handle;
  CHECK(end == "cancelled early");
  CHECK_FALSE(started);
}

LOOP_TEST_CASE("values win over a cancel that came too late", "[sched][when_all][cancel]") {
  join_handle<int> handle = spawn([]() -> task<int> {
    auto [a, b] = co_await when_all(survivor(1), survivor(2));
    co_return a + b;
  });
  co_await sleep_for(1us);
  handle.cancel();
  const int sum = co_await handle;
  CHECK(sum == 3);
}

LOOP_TEST_CASE("children cancelled before they started never run", "[sched][when_all][cancel]") {
  int started = 0;
  auto child = [&]() -> task<int> {
    ++started;
    co_return 1;
  };
  join_handle<std::string> handle = spawn([&]() -> task<std::string> {
    const std::string end = co_await end_of(when_all(child(), child()));
    co_return end;
  });
  std::string end;
  auto canceller = [&]() -> task<> {
    handle.cancel("between");
    co_return;
  };
  join_handle<void> other = spawn(canceller);  // Behind the task, before its children.
  end = co_await handle;
  CHECK(end == "cancelled between");
  CHECK(started == 0);
  co_await other;
}

LOOP_TEST_CASE("when_all_settled gives every outcome and cancels nobody", "[sched][when_all]") {
  auto [good, bad, slow] =
      co_await when_all_settled(after(1ms, 1), fail_after(1us, "lost"), after(5ms, 3));
  CHECK(good.has_value());
  CHECK(good.value() == 1);
  CHECK(bad.error() != nullptr);
  CHECK_THROWS_AS(bad.value(), std::runtime_error);
  CHECK(slow.value() == 3);

  std::vector<task<int>> tasks;
  tasks.push_back(after(1ms, 1));
  tasks.push_back(fail_after(1us, "lost"));
  std::vector<outcome<int>> ends = co_await when_all_settled(tasks);
  CHECK(ends.size() == 2);
  CHECK(ends[0].has_value());
  CHECK_FALSE(ends[1].has_value());
  const std::vector<outcome<int>> none = co_await when_all_settled(std::vector<task<int>>());
  CHECK(none.empty());
}

LOOP_TEST_CASE("a cancel that cuts a child of when_all_settled short is delivered",
               "[sched][when_all][cancel]") {
  join_handle<std::string> handle = spawn([]() -> task<std::string> {
    const std::string end = co_await end_of(when_all_settled(survivor(1), after(1h, 2)));
    co_return end;
  });
  co_await sleep_for(1us);
  handle.cancel("outside");
  const std::string end = co_await handle;
  CHECK(end == "cancelled outside");
}

LOOP_TEST_CASE("outcomes win over a cancel that cut no child short", "[sched][when_all][cancel]") {
  bool still_pending = false;
  join_handle<bool> handle = spawn([&]() -> task<bool> {
    auto [one, two] = co_await when_all_settled(survivor(1), survivor(2));
    const bool ends = one.has_value() && two.has_value();
    try {
      co_await yield();
    } catch (const operation_cancelled&) {
      still_pending = true;
    }
    co_return ends;
  });
  co_await sleep_for(1us);
  handle.cancel();
  const bool ends = co_await handle;
  CHECK(ends);
  CHECK(still_pending);
}

namespace {

task<int> nested(int depth) {
  if (depth == 0) {
    co_await sleep_for(1ms);
    co_return 1;
  }
  auto [below] = co_await when_all(nested(depth - 1));
  co_return below;
}

}  // namespace

LOOP_TEST_CASE("a child's parameters go when it ends, and not when the last of its siblings does",
               "[sched][when_all]") {
  auto [to, from] = channel<int>(8);
  const auto send = [](channel_sender<int> sender, int count) -> task<> {
    for (int i = 0; i < count; ++i) co_await sender.send(i);
  };
  const auto count_all = [](channel_receiver<int> receiver) -> task<int> {
    int count = 0;
    for (;;) {
      const std::optional<int> item = co_await receiver.receive();
      if (!item.has_value()) co_return count;
      ++count;
    }
  };
  auto both = when_all(send(std::move(to), 20), count_all(std::move(from)));
  const auto [sent, count] = co_await std::move(both);
  CHECK(count == 20);
}

LOOP_TEST_CASE("when_all nests 10,000 deep", "[sched][when_all][stack]") {
  const int value = co_await nested(10'000);
  CHECK(value == 1);
}

LOOP_TEST_CASE("a cancel goes through when_all nested 10,000 deep", "[sched][when_all][stack]") {
  join_handle<int> handle = spawn(nested, 10'000);
  co_await sleep_for(1us);
  handle.cancel("deep");
  const std::string end = co_await end_of(std::move(handle));
  CHECK(end == "cancelled deep");
}

LOOP_TEST_CASE("100,000 children of one when_all", "[sched][when_all]") {
  std::vector<task<int>> tasks;
  for (int i = 0; i < 100'000; ++i) tasks.push_back(after(1ms, 1));
  const std::vector<int> values = co_await when_all(std::move(tasks));
  long sum = 0;
  for (int each : values) sum += each;
  CHECK(sum == 100'000);
}

LOOP_TEST_CASE("a bundle that is never awaited starts nothing", "[sched][when_all]") {
  bool started = false;
  auto child = [&]() -> task<> {
    started = true;
    co_return;
  };
  {
    auto bundle = when_all(child(), child());
    (void)bundle;
  }
  co_await yield();
  CHECK_FALSE(started);
}
