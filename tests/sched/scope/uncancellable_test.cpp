#include "fake_loop.hpp"

#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <stdexcept>
#include <string>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<int> steps(int& done) {
  for (int i = 0; i < 3; ++i) {
    co_await sleep_for(1ms);
    ++done;
  }
  co_return done;
}

}  // namespace

LOOP_TEST_CASE("a cancel does not reach what is uncancellable, and is delivered afterwards",
               "[sched][uncancellable]") {
  int done = 0;
  std::string reason;
  join_handle<int> handle = spawn([&]() -> task<int> {
    const int value = co_await uncancellable(steps(done));
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled& cancelled) {
      reason = cancelled.reason();
    }
    co_return value;
  });
  co_await sleep_for(1us);
  handle.cancel("outside");
  const int value = co_await handle;
  CHECK(value == 3);
  CHECK(done == 3);
  CHECK(reason == "outside");
}

LOOP_TEST_CASE("an operation can be uncancellable", "[sched][uncancellable]") {
  const auto start = time_here();
  join_handle<void> handle = spawn([]() -> task<> { co_await uncancellable(sleep_for(1ms)); });
  co_await yield();
  handle.cancel();
  co_await handle;
  CHECK(time_here() - start >= 1ms);
}

LOOP_TEST_CASE("cleanup after a cancel may await", "[sched][uncancellable]") {
  int done = 0;
  join_handle<void> handle = spawn([&]() -> task<> {
    bool cancelled = false;
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
      cancelled = true;
    }
    if (cancelled) (void)co_await uncancellable(steps(done));
  });
  co_await yield();
  handle.cancel("first");
  co_await sleep_for(500us);
  handle.cancel("second");
  co_await handle;
  CHECK(done == 3);
}

LOOP_TEST_CASE("uncancellable keeps a cancel from children, but not their own timeout",
               "[sched][uncancellable]") {
  bool timed_out = false;
  int done = 0;
  join_handle<void> handle = spawn([&]() -> task<> {
    auto both = [&]() -> task<> {
      co_await when_all(steps(done), sleep_for(1ms));
      try {
        co_await timeout(1ms, sleep_for(1h));
      } catch (const timeout_error&) {
        timed_out = true;
      }
    };
    co_await uncancellable(both());
  });
  co_await sleep_for(1us);
  handle.cancel();
  co_await handle;
  CHECK(done == 3);
  CHECK(timed_out);
}

LOOP_TEST_CASE("uncancellable nests, and passes on what is thrown", "[sched][uncancellable]") {
  bool after = false;
  join_handle<std::string> handle = spawn([&]() -> task<std::string> {
    auto inner = []() -> task<> {
      co_await uncancellable(sleep_for(1ms));
      co_await sleep_for(1ms);  // Still masked by the outer one.
      throw std::runtime_error("inner");
    };
    std::string error;
    try {
      co_await uncancellable(inner());
    } catch (const std::runtime_error& failure) {
      error = failure.what();
    }
    try {
      co_await yield();
    } catch (const operation_cancelled&) {
      after = true;
    }
    co_return error;
  });
  co_await sleep_for(1us);
  handle.cancel();
  const std::string error = co_await handle;
  CHECK(error == "inner");
  CHECK(after);
}
