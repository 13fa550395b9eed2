#include "child_process.hpp"
#include "contains.hpp"
#include "coroutine_test.hpp"

#include <lariat/runtime/run/run.hpp>
#include <lariat/runtime/run/runtime.hpp>
#include <lariat/sched/blocking/blocking_pool.hpp>
#include <lariat/sched/blocking/lane.hpp>
#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

constexpr clock_ns soon = 50'000'000;

// Never returns.
void block() {
  for (;;) ::pause();
}

task<> swallow_cancels() {
  for (;;) {
    try {
      co_await sleep_for(24h);
    } catch (const operation_cancelled&) {
      // And goes on.
    }
  }
}

// Ends a run of `main` in another process, and checks that it is ended by the option.
template <class Main>
std::string output_of(Main main, runtime_options options = {.shutdown_timeout_ns = soon}) {
  child_process child([&] {
    std::atexit([] { say("atexit was called\n"); });
    run(main(), options);
    return 0;
  });
  CHECK(child.status() == child_process::killed_by(SIGABRT));
  CHECK(contains(child.output(), "lariat: the runtime has not ended 0.05 s after its shutdown"));
  CHECK_FALSE(contains(child.output(), "atexit"));
  return child.output();
}

std::size_t threads_now() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

}  // namespace

TEST_CASE("a task that swallows its cancels cannot keep a shutdown with a limit from ending",
          "[runtime][shutdown]") {
  if (!children_may_have_threads) return;
  const std::string text = output_of([]() -> task<> {
    spawn({.name = "deaf"}, swallow_cancels).detach();
    co_await yield();
  });
  CHECK(contains(text, " \"deaf\" waits in sleep for "));
  CHECK(contains(text, "shutdown_timeout_test.cpp:"));
}

TEST_CASE("nor can a step that never returns", "[runtime][shutdown]") {
  if (!children_may_have_threads) return;
  const std::string text = output_of([]() -> task<> {
    auto stuck = []() -> task<> {
      try {
        co_await sleep_for(24h);
      } catch (const operation_cancelled&) {
        block();
      }
    };
    spawn(stuck).detach();
    co_await yield();
  });
  CHECK(contains(text, "loop 0 does not answer: a task keeps it busy"));
}

TEST_CASE("nor can a function that a task waits for on a thread", "[runtime][shutdown]") {
  if (!children_may_have_threads) return;
  const std::string text = output_of([]() -> task<> {
    auto began = std::make_shared<std::atomic<bool>>(false);
    auto function = [began] {
      *began = true;
      block();
    };
    auto call = [function]() -> task<> { co_await to_thread(function); };
    spawn({.name = "caller"}, call).detach();
    while (!*began) co_await sleep_for(100us);
  });
  CHECK(contains(text, " \"caller\" waits in to_thread for "));
  CHECK(contains(text, "lane \"blocking\": 1 functions run, 0 wait for a thread"));
}

TEST_CASE("nor can one that its task has left behind", "[runtime][shutdown]") {
  if (!children_may_have_threads) return;
  const std::string text = output_of([]() -> task<> {
    auto began = std::make_shared<std::atomic<bool>>(false);
    auto call = [](std::shared_ptr<std::atomic<bool>> flag) -> task<> {
      auto function = [](const std::shared_ptr<std::atomic<bool>>& told) {
        *told = true;
        block();
      };
      co_await to_thread<on_cancel::abandon>(function, std::move(flag));
    };
    auto caller = spawn(call, began);
    while (!*began) co_await sleep_for(100us);
    caller.cancel();
    try {
      co_await caller;
    } catch (const operation_cancelled&) {
      // The function goes on.
    }
  });
  CHECK(contains(text, "no task lives; functions still run on threads:\n  thread "));
  CHECK(contains(text, " \"blocking/0\"\n"));
}

TEST_CASE("nor can a busy pool", "[runtime][shutdown]") {
  if (!children_may_have_threads) return;
  const std::string text = output_of([]() -> task<> {
    auto began = std::make_shared<std::atomic<bool>>(false);
    auto function = [began] {
      *began = true;
      block();
    };
    auto call = [function]() -> task<> { co_await to_pool(function); };
    spawn({.name = "computes"}, call).detach();
    while (!*began) co_await sleep_for(100us);
  });
  CHECK(contains(text, " \"computes\" waits in to_pool for "));
  CHECK(contains(text, "pool \""));
}

TEST_CASE("nor a task of another loop", "[runtime][shutdown]") {
  if (!children_may_have_threads) return;
  const std::string text = output_of(
      []() -> task<> {
        auto began = std::make_shared<std::atomic<bool>>(false);
        auto deaf = [](std::shared_ptr<std::atomic<bool>> flag) -> task<> {
          *flag = true;
          co_await swallow_cancels();
        };
        runtime::current()->spawner_at(1).spawn({.name = "deaf"}, deaf, began).detach();
        while (!*began) co_await sleep_for(100us);
      },
      {.loops = 2, .shutdown_timeout_ns = soon});
  CHECK(contains(text, " \"deaf\" waits in sleep for "));
}

TEST_CASE("a shutdown after SIGINT has the same limit", "[runtime][shutdown]") {
  if (!children_may_have_threads) return;
  child_process child([] {
    const runtime_options options{.shutdown_timeout_ns = soon};
    auto main = []() -> task<> {
      spawn({.name = "deaf"}, swallow_cancels).detach();
      co_await yield();
      say("ready\n");
      co_await sleep_for(24h);
    };
    run(main(), options);
    return 0;
  });
  REQUIRE(child.await_output("ready\n"));
  child.send(SIGINT);
  CHECK(child.status() == child_process::killed_by(SIGABRT));
  CHECK(contains(child.output(), " \"deaf\" waits in sleep for "));
}

TEST_CASE("a shutdown that ends in time says nothing, and its watcher is gone",
          "[runtime][shutdown]") {
  const std::size_t before = threads_now();
  auto main = []() -> task<> {
    auto sleeper = []() -> task<> { co_await sleep_for(24h); };
    spawn(sleeper).detach();
    co_await yield();
  };
  run(main(), {.shutdown_timeout_ns = INT64_MAX});
  CHECK(threads_now() == before);
}

TEST_CASE("no thread watches a shutdown without a limit", "[runtime][shutdown]") {
  const bool limited = GENERATE(false, true);
  const std::size_t before = threads_now();
  std::size_t during = 0;
  auto main = [&]() -> task<> {
    auto look = [&]() -> task<> {
      try {
        co_await sleep_for(24h);
      } catch (...) {
        during = threads_now();
        throw;
      }
    };
    spawn(look).detach();
    co_await yield();
  };
  run(main(), {.shutdown_timeout_ns = limited ? INT64_MAX : 0});
  CHECK(during == before + (limited ? 1 : 0));
}
