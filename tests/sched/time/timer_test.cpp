#include "fake_loop.hpp"

#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timer.hpp>

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

steady_time steady_now() { return steady_time(time_here()); }

}  // namespace

LOOP_TEST_CASE("sleep_for waits at least its time, and at most a slot of the wheel more",
               "[sched][timer]") {
  for (const nanoseconds delay : {nanoseconds(1), nanoseconds(1000), nanoseconds(1'000'000)}) {
    const nanoseconds start = time_here();
    co_await sleep_for(delay);
    CHECK(time_here() - start >= delay);
    CHECK(time_here() - start <= delay + 1024ns);
  }
}

LOOP_TEST_CASE("sleep_until waits until then", "[sched][timer]") {
  const steady_time when = steady_now() + 5s;
  co_await sleep_until(when);
  CHECK(steady_now() >= when);
  CHECK(steady_now() <= when + 1024ns);
}

LOOP_TEST_CASE("sleeps end in order of deadline, equal ones in order of their start",
               "[sched][timer]") {
  std::string order;
  auto body = [&](char letter, nanoseconds delay) -> task<> {
    co_await sleep_for(delay);
    order += letter;
  };
  std::vector<join_handle<void>> all;
  all.push_back(spawn(body, 'd', nanoseconds(3ms)));
  all.push_back(spawn(body, 'b', nanoseconds(2ms)));
  all.push_back(spawn(body, 'c', nanoseconds(2ms)));
  all.push_back(spawn(body, 'e', nanoseconds(1h)));
  all.push_back(spawn(body, 'a', nanoseconds(1us)));
  for (join_handle<void>& each : all) co_await each;
  CHECK(order == "abcde");
}

LOOP_TEST_CASE("a sleep of zero, or into the past, is one yield", "[sched][timer]") {
  const nanoseconds start = time_here();
  int others = 0;
  auto other = [&]() -> task<> {
    ++others;
    co_return;
  };
  join_handle<void> first = spawn(other);
  co_await sleep_for(0s);
  CHECK(others == 1);
  join_handle<void> second = spawn(other);
  co_await sleep_for(-1s);
  CHECK(others == 2);
  join_handle<void> third = spawn(other);
  co_await sleep_until(steady_time::min());
  CHECK(others == 3);
  CHECK(time_here() == start);
  co_await first;
  co_await second;
  co_await third;
}

LOOP_TEST_CASE("a cancelled sleep ends at once", "[sched][timer]") {
  const nanoseconds start = time_here();
  std::string reason;
  auto body = [&]() -> task<> {
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled& cancelled) {
      reason = cancelled.reason();
      throw;
    }
  };
  join_handle<void> handle = spawn(body);
  co_await yield();
  handle.cancel("no more");
  handle.cancel("again");  // Any number of times.
  const outcome<void> end = co_await as_result(handle);
  CHECK(end.cancelled());
  CHECK(reason == "again");
  CHECK(time_here() == start);
}

LOOP_TEST_CASE("a sleep whose time has come is not cancelled any more", "[sched][timer]") {
  bool woke = false;
  bool cancelled = false;
  auto body = [&]() -> task<> {
    co_await sleep_for(0s);  // Queued at once.
    woke = true;
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
      cancelled = true;  // The cancel was kept for the next await.
    }
  };
  join_handle<void> handle = spawn(body);
  auto canceller = [&]() -> task<> {
    handle.cancel();
    co_return;
  };
  join_handle<void> other = spawn(canceller);  // Runs while the sleep is queued.
  co_await handle;
  co_await other;
  CHECK(woke);
  CHECK(cancelled);
}

LOOP_TEST_CASE("a sleep under a cancel that came before throws without suspending",
               "[sched][timer]") {
  bool cancelled = false;
  auto body = [&]() -> task<> {
    const std::uint64_t turns = loop::current()->turns();
    try {
      co_await sleep_for(0s);
    } catch (const operation_cancelled&) {
      cancelled = loop::current()->turns() == turns;
    }
  };
  auto self_cancel = [&]() -> task<> {
    // Cancels itself, then awaits: the next await that suspends throws.
    loop::current()->cancel_all("self");
    co_await body();
  };
  join_handle<void> handle = spawn(self_cancel);
  try {
    co_await handle;
    co_await yield();
  } catch (const operation_cancelled&) {
  }
  CHECK(cancelled);
}

TEST_CASE("durations of any unit and size saturate", "[sched][timer]") {
  using detail::deadline_after;
  using detail::saturating_ns;
  CHECK(saturating_ns(1ms) == 1'000'000);
  CHECK(saturating_ns(std::chrono::duration<double>(0.5)) == 500'000'000);
  CHECK(saturating_ns(std::chrono::duration<double, std::nano>(0.1)) == 1);  // Never early.
  CHECK(saturating_ns(std::chrono::hours::max()) == no_deadline);
  CHECK(saturating_ns(std::chrono::hours::min()) == 0);
  CHECK(saturating_ns(nanoseconds::max()) == no_deadline);
  CHECK(saturating_ns(nanoseconds::min()) == 0);
  using unsigned_ns = std::chrono::duration<std::uint64_t, std::nano>;
  CHECK(saturating_ns(unsigned_ns::max()) == no_deadline);
  const std::chrono::duration<double> not_a_number(std::numeric_limits<double>::quiet_NaN());
  CHECK(saturating_ns(not_a_number) == 0);
  CHECK(deadline_after(no_deadline - 1, 1) == no_deadline);
  CHECK(deadline_after(no_deadline - 1, no_deadline) == no_deadline);
  CHECK(deadline_after(5, 6) == 11);
}

LOOP_TEST_CASE("a sleep without an end can be cancelled", "[sched][timer]") {
  auto body = []() -> task<> { co_await sleep_for(std::chrono::hours::max()); };
  join_handle<void> handle = spawn(body);
  co_await sleep_for(std::chrono::hours(24 * 365 * 100));
  CHECK_FALSE(handle.done());
  handle.cancel();
  const outcome<void> end = co_await as_result(handle);
  CHECK(end.cancelled());
}

LOOP_TEST_CASE("a description of a sleep may be moved before it is awaited", "[sched][timer]") {
  const nanoseconds start = time_here();
  sleep_operation one = sleep_for(1ms);
  sleep_operation two = std::move(one);
  co_await two;
  CHECK(time_here() - start >= 1ms);
}

LOOP_TEST_CASE("an interval ticks at once, then every period", "[sched][timer][interval]") {
  const steady_time start = steady_now();
  interval ticks(10ms);
  for (int i = 0; i < 5; ++i) {
    const steady_time due = co_await ticks.tick();
    CHECK(due == start + i * 10ms);
    CHECK(steady_now() >= due);
  }
}

LOOP_TEST_CASE("missed ticks come as a burst, and the schedule stays", "[sched][timer][interval]") {
  const steady_time start = steady_now();
  interval ticks(10ms, missed_ticks::burst);
  co_await ticks.tick();
  driver_here().advance(35ms);
  std::vector<int> due;
  for (int i = 0; i < 4; ++i) {
    const steady_time tick = co_await ticks.tick();
    due.push_back(static_cast<int>((tick - start) / 1ms));
  }
  CHECK(due == std::vector{10, 20, 30, 40});
}

LOOP_TEST_CASE("missed ticks are skipped to the next multiple", "[sched][timer][interval]") {
  const steady_time start = steady_now();
  interval ticks(10ms, missed_ticks::skip);
  co_await ticks.tick();
  driver_here().advance(35ms);
  std::vector<int> due;
  for (int i = 0; i < 3; ++i) {
    const steady_time tick = co_await ticks.tick();
    due.push_back(static_cast<int>((tick - start) / 1ms));
  }
  CHECK(due == std::vector{10, 40, 50});
}

LOOP_TEST_CASE("missed ticks delay the schedule", "[sched][timer][interval]") {
  const steady_time start = steady_now();
  interval ticks(10ms, missed_ticks::delay);
  co_await ticks.tick();
  driver_here().advance(35ms);
  const steady_time late = co_await ticks.tick();
  const steady_time next = co_await ticks.tick();
  CHECK(late == start + 10ms);
  CHECK(next - start >= 45ms);
  CHECK(next - start < 46ms);
}

LOOP_TEST_CASE("a cancelled tick is not lost", "[sched][timer][interval]") {
  const steady_time start = steady_now();
  interval ticks(10ms);
  co_await ticks.tick();
  auto body = [&]() -> task<steady_time> {
    const steady_time tick = co_await ticks.tick();
    co_return tick;
  };
  join_handle<steady_time> handle = spawn(body);
  co_await yield();
  handle.cancel();
  const outcome<steady_time> end = co_await as_result(handle);
  CHECK(end.cancelled());
  const steady_time next = co_await ticks.tick();
  CHECK(next == start + 10ms);
}

LOOP_TEST_CASE("reset lets the next tick come one period from now", "[sched][timer][interval]") {
  interval ticks(10ms);
  co_await ticks.tick();
  driver_here().advance(7ms);
  const steady_time reset_at = steady_now();
  ticks.reset();
  const steady_time next = co_await ticks.tick();
  CHECK(next == reset_at + 10ms);
}

TEST_CASE("an interval's period must be positive", "[sched][timer][interval]") {
  CHECK_THROWS_AS(interval(0s), std::invalid_argument);
  CHECK_THROWS_AS(interval(-1ms), std::invalid_argument);
}
