#include "combinator_test.hpp"
#include "fake_loop.hpp"
#include "thread_test.hpp"

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/remaining.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

using namespace lariat;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

constexpr nanoseconds endless = nanoseconds::max();

// A sleep ends up to a slot of the timer wheel late.
bool about(nanoseconds left, nanoseconds expected) {
  return left <= expected && left > expected - 10us;
}

task<nanoseconds> left() { co_return remaining(); }
task<nanoseconds> left_after(nanoseconds delay) {
  co_await sleep_for(delay);
  co_return remaining();
}

}  // namespace

TEST_CASE("where no task runs there is no deadline", "[sched][remaining]") {
  CHECK(remaining() == endless);
  CHECK(current_deadline() == steady_time::max());
}

LOOP_TEST_CASE("a task without a time limit has no deadline", "[sched][remaining]") {
  CHECK(remaining() == endless);
  CHECK(current_deadline() == steady_time::max());
  const nanoseconds within = co_await timeout(endless, left());
  CHECK(within == endless);
  // What `remaining` gives is a limit.
  const nanoseconds twice = co_await timeout(remaining(), left());
  CHECK(twice == endless);
}

LOOP_TEST_CASE("the body of a timeout has what is left of it", "[sched][remaining]") {
  const nanoseconds first = co_await timeout(5ms, left());
  CHECK(first == 5ms);
  const nanoseconds later = co_await timeout(5ms, left_after(2ms));
  CHECK(about(later, 3ms));
  const steady_time end = steady_time(time_here()) + 7ms;
  steady_time seen;
  auto look = [&]() -> task<> {
    seen = current_deadline();
    co_return;
  };
  co_await timeout_at(end, look());
  CHECK(seen == end);
  CHECK(remaining() == endless);  // It is over.
}

LOOP_TEST_CASE("of several deadlines the earliest counts, whichever is outside",
               "[sched][remaining]") {
  const nanoseconds inner = co_await timeout(9ms, timeout(4ms, left()));
  CHECK(inner == 4ms);
  const nanoseconds outer = co_await timeout(4ms, timeout(9ms, left()));
  CHECK(outer == 4ms);
}

LOOP_TEST_CASE("a deadline that is moved is seen", "[sched][remaining]") {
  auto body = [](deadline& limit) -> task<> {
    CHECK(remaining() == 5ms);
    limit.extend(3ms);
    CHECK(remaining() == 8ms);
    limit.reschedule(steady_time(time_here()) + 1ms);
    CHECK(remaining() == 1ms);
    co_return;
  };
  co_await with_deadline(5ms, body);
}

LOOP_TEST_CASE("while a task cleans up after its time nothing remains", "[sched][remaining]") {
  nanoseconds late{-1};
  auto body = [&]() -> task<> {
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
      late = remaining();
      throw;
    }
  };
  bool expired = false;
  try {
    co_await timeout(1ms, body());
  } catch (const timeout_error&) {
    expired = true;
  }
  CHECK(expired);
  CHECK(late == 0ns);
}

LOOP_TEST_CASE("children inherit the deadline, and what is spawned by itself does not",
               "[sched][remaining]") {
  auto body = []() -> task<> {
    auto [a, b] = co_await when_all(left(), left_after(1ms));
    CHECK(a == 5ms);
    CHECK(about(b, 4ms));
    auto [taken, never] = co_await select(left(), sleep_for(1h));
    CHECK(about(taken.value(), 4ms));
    auto grouped = [](task_group& group) -> task<nanoseconds> {
      CHECK(about(remaining(), 4ms));
      auto child = group.spawn(left_after, nanoseconds(1ms));
      co_return co_await child;
    };
    const nanoseconds in_group = co_await task_group::with(grouped);
    CHECK(about(in_group, 3ms));
    auto spawned = spawn(left);
    const nanoseconds alone = co_await spawned;
    CHECK(alone == endless);
  };
  co_await timeout(5ms, body());
}

THREAD_TEST_CASE("functions on threads and pools have the deadline of their task",
                 "[sched][remaining]") {
  const auto here = [] { return remaining(); };
  auto on_thread = [&]() -> task<nanoseconds> { co_return co_await to_thread(here); };
  const nanoseconds thread = co_await timeout(1h, on_thread());
  CHECK(thread > 1min);
  CHECK(thread <= 1h);
  pool workers({.workers = 2});
  auto on_pool = [&]() -> task<nanoseconds> { co_return co_await to_pool(workers, here); };
  const nanoseconds pooled = co_await timeout(1h, on_pool());
  CHECK(pooled > 1min);
  CHECK(pooled <= 1h);
  auto coroutine = [&]() -> task<nanoseconds> {
    auto both = []() -> task<nanoseconds> {
      auto [a, b] = co_await when_all(left(), left());
      co_return std::max(a, b);
    };
    co_return co_await to_pool(workers, both);
  };
  const nanoseconds computed = co_await timeout(1h, coroutine());
  CHECK(computed > 1min);
  CHECK(computed <= 1h);
  // The task may be gone while an abandoned function runs.
  auto abandoned = [&]() -> task<nanoseconds> {
    co_return co_await to_thread<on_cancel::abandon>(here);
  };
  const nanoseconds left_behind = co_await timeout(1h, abandoned());
  CHECK(left_behind == endless);
}
