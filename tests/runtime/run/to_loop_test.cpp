#include <lariat/runtime/run/to_loop.hpp>

#include "coroutine_test.hpp"

#include <lariat/runtime/run/run.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

constexpr runtime_options four_loops{.loops = 4};

task<int> twice(int value) {
  co_await yield();
  co_return 2 * value;
}

task<const void*> loop_here() { co_return loop::current(); }

task<std::unique_ptr<int>> pass_on(std::unique_ptr<int> value) { co_return std::move(value); }

task<> fail_there(const char* text) {
  co_await yield();
  throw std::runtime_error(text);
}

// Says when it has begun, and how it ended.
struct watcher {
  std::atomic<bool> began = false;
  std::atomic<bool> cancelled = false;
};
task<> wait_there(watcher& seen) {
  seen.began = true;
  try {
    co_await sleep_for(24h);
  } catch (const operation_cancelled&) {
    seen.cancelled = true;
    throw;
  }
}

// Tests may not co_await inside CHECK.
template <class T>
task<bool> ends_cancelled(join_handle<T>& handle) {
  auto ended = co_await as_result(handle);
  co_return ended.cancelled();
}

}  // namespace

TEST_CASE("to_loop runs a function on another loop and resumes on its own", "[runtime][to_loop]") {
  auto main = []() -> task<std::vector<const void*>> {
    std::vector<const void*> places;
    for (std::size_t index = 0; index < 4; ++index) {
      places.push_back(co_await to_loop(index, loop_here));
      places.push_back(loop::current());
    }
    co_return places;
  };
  runtime program(four_loops);
  const auto places = program.block_on(main());
  for (std::size_t index = 0; index < 4; ++index) {
    CHECK(places[2 * index] == &program.loop_at(index));
    CHECK(places[2 * index + 1] == &program.loop_at(0));
  }
}

TEST_CASE("to_loop gives values, also such as only move, and passes exceptions on",
          "[runtime][to_loop]") {
  auto main = []() -> task<std::string> {
    const int doubled = co_await to_loop(1, twice, 21);
    auto boxed = co_await to_loop(2, pass_on, std::make_unique<int>(doubled));
    std::string text = std::to_string(*boxed);
    try {
      co_await to_loop(3, fail_there, "abroad");
    } catch (const std::runtime_error& error) {
      text += error.what();
    }
    co_return text;
  };
  CHECK(run(main(), four_loops) == "42abroad");
}

TEST_CASE("to_loop refuses a loop that does not exist, and threads without a runtime",
          "[runtime][to_loop]") {
  auto main = []() -> task<> { (void)co_await to_loop(4, twice, 1); };
  CHECK_THROWS_AS(run(main(), four_loops), std::out_of_range);
  auto alone = []() -> task<> { (void)co_await to_loop(0, twice, 1); };
  CHECK_THROWS_WITH(run_on_fresh_loop(alone),
                    "lariat: to_loop: no runtime's loop runs on this thread");
}

TEST_CASE("10^4 calls to other loops are in flight at once", "[runtime][to_loop]") {
  auto main = []() -> task<long> {
    std::vector<task<int>> calls;
    for (int i = 0; i < 10'000; ++i) calls.push_back(to_loop(i % 4, twice, i));
    const std::vector<int> results = co_await when_all(std::move(calls));
    long sum = 0;
    for (const int each : results) sum += each;
    co_return sum;
  };
  CHECK(run(main(), four_loops) == 99'990'000);
}

TEST_CASE("loops call each other in circles", "[runtime][to_loop]") {
  struct circle {
    static task<int> go(int left) {
      if (left == 0) co_return 0;
      const int rest = co_await to_loop(static_cast<std::size_t>(left) % 4, go, left - 1);
      co_return rest + 1;
    }
  };
  CHECK(run(circle::go(200), four_loops) == 200);
}

TEST_CASE("a cancel reaches the other loop's task before it begins", "[runtime][to_loop]") {
  auto main = []() -> task<bool> {
    watcher seen;
    auto caller = [&]() -> task<> { co_await to_loop(1, wait_there, std::ref(seen)); };
    auto handle = spawn(caller);
    co_await yield();
    handle.cancel();  // It is on its way, or has just begun.
    const bool cancelled = co_await ends_cancelled(handle);
    co_return cancelled&& seen.began == seen.cancelled;
  };
  CHECK(run(main(), four_loops));
}

TEST_CASE("a cancel reaches the other loop's task while it waits", "[runtime][to_loop]") {
  auto main = []() -> task<bool> {
    watcher seen;
    auto caller = [&]() -> task<> { co_await to_loop(1, wait_there, std::ref(seen)); };
    auto handle = spawn(caller);
    while (!seen.began) co_await yield();
    handle.cancel();
    const bool cancelled = co_await ends_cancelled(handle);
    co_return cancelled&& seen.cancelled;
  };
  CHECK(run(main(), four_loops));
}

TEST_CASE("a cancel before the call keeps it from being made", "[runtime][to_loop]") {
  auto main = []() -> task<bool> {
    watcher seen;
    auto caller = [&]() -> task<> { co_await to_loop(1, wait_there, std::ref(seen)); };
    auto handle = spawn(caller);
    handle.cancel();
    const bool cancelled = co_await ends_cancelled(handle);
    co_return cancelled && !seen.began;
  };
  CHECK(run(main(), four_loops));
}

TEST_CASE("a call under a cancel that is pending is not made", "[runtime][to_loop]") {
  auto main = []() -> task<bool> {
    watcher seen;
    join_handle<void> handle;
    auto caller = [&]() -> task<> {
      handle.cancel();
      co_await to_loop(1, wait_there, std::ref(seen));
    };
    handle = spawn(caller);
    const bool cancelled = co_await ends_cancelled(handle);
    co_return cancelled && !seen.began;
  };
  for (int round = 0; round < 100; ++round) CHECK(run(main(), four_loops));
}

TEST_CASE("a cancel that races the end on another loop either wins or does nothing",
          "[runtime][to_loop]") {
  auto main = []() -> task<int> {
    int ended = 0;
    for (int round = 0; round < 2000; ++round) {
      auto caller = []() -> task<int> { co_return co_await to_loop(1, twice, 4); };
      auto handle = spawn(caller);
      for (int i = 0; i < round % 7; ++i) co_await yield();
      handle.cancel();
      auto result = co_await as_result(handle);
      if (result.cancelled()) {
        ++ended;
      } else {
        const int value = result.value();
        if (value == 8) ++ended;
      }
    }
    co_return ended;
  };
  CHECK(run(main(), four_loops) == 2000);
}

TEST_CASE("a task is joined from another loop", "[runtime][to_loop]") {
  auto main = []() -> task<int> {
    int sum = 0;
    for (std::size_t index = 0; index < 4; ++index) {
      auto handle = runtime::current()->spawner_at(index).spawn(twice, 5);
      sum += co_await handle;
    }
    co_return sum;
  };
  CHECK(run(main(), four_loops) == 40);
}

TEST_CASE("a shielded wait for another loop's task ends at once when it is cancelled",
          "[runtime][to_loop]") {
  auto main = []() -> task<bool> {
    watcher seen;
    auto remote = runtime::current()->spawner_at(1).spawn(wait_there, std::ref(seen));
    auto waiter = [&]() -> task<> { co_await shield(remote); };
    auto handle = spawn(waiter);
    while (!seen.began) co_await yield();
    handle.cancel();
    bool right = co_await ends_cancelled(handle);
    right = right && !seen.cancelled && !remote.done();
    remote.cancel();
    const bool cancelled = co_await ends_cancelled(remote);
    co_return right&& cancelled;
  };
  CHECK(run(main(), four_loops));
}

TEST_CASE("a shielded wait whose cancel races the end of the task ends once",
          "[runtime][to_loop]") {
  auto main = []() -> task<int> {
    int ended = 0;
    for (int round = 0; round < 2000; ++round) {
      auto remote = runtime::current()->spawner_at(1).spawn(twice, 4);
      auto waiter = [&remote]() -> task<int> { co_return co_await shield(remote); };
      auto handle = spawn(waiter);
      for (int i = 0; i < round % 7; ++i) co_await yield();
      handle.cancel();
      auto result = co_await as_result(handle);
      if (result.cancelled()) {
        ++ended;
      } else {
        const int value = result.value();
        if (value == 8) ++ended;
      }
    }
    co_return ended;
  };
  CHECK(run(main(), four_loops) == 2000);
}
