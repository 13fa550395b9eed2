#include <lariat/runtime/run/runtime.hpp>

#include "child_process.hpp"
#include "contains.hpp"
#include "coroutine_test.hpp"

#include <lariat/runtime/run/run.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<int> number(int value) {
  co_await sleep_for(1us);
  co_return value;
}

task<int> add_up(int limit) {
  int sum = 0;
  for (int i = 0; i < limit; ++i) sum += co_await number(i);
  co_return sum;
}

task<> fail(const char* text) {
  co_await yield();
  throw std::runtime_error(text);
}

task<> for_ever() { co_await sleep_for(24h); }

// Counts up until it is cancelled.
task<> tick(std::atomic<int>& ticks) {
  for (;;) {
    ++ticks;
    co_await sleep_for(100us);
  }
}

template <class Function>
std::string message_of(Function function) {
  try {
    function();
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "no logic_error";
}

}  // namespace

TEST_CASE("several block_on in turn share a loop, and other tasks go on", "[runtime]") {
  runtime program;
  std::atomic<int> ticks = 0;
  auto ticker = program.spawn(tick, std::ref(ticks));
  CHECK(program.block_on(add_up(10)) == 45);
  const int after_first = ticks;
  CHECK(after_first > 0);
  auto wait_for_tick = [&]() -> task<> {
    while (ticks == after_first) co_await sleep_for(10us);
  };
  program.block_on(wait_for_tick());
  CHECK_FALSE(ticker.done());
  program.shutdown();
  CHECK(ticker.done());
}

TEST_CASE("block_on throws what its task throws, and can be called again", "[runtime]") {
  runtime program;
  CHECK_THROWS_WITH(program.block_on(fail("first")), "first");
  CHECK(program.block_on(number(2)) == 2);
}

TEST_CASE("several runtimes run at once in one process", "[runtime]") {
  std::vector<std::thread> threads;
  std::atomic<int> sum = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&sum] {
      runtime program({.loops = 2});
      sum += program.block_on(add_up(100));
    });
  }
  for (auto& each : threads) each.join();
  CHECK(sum == 4 * 4950);
}

TEST_CASE("two runtimes of one thread take turns", "[runtime]") {
  runtime first;
  runtime second;
  for (int i = 0; i < 10; ++i) {
    CHECK(first.block_on(number(i)) == i);
    CHECK(second.block_on(number(-i)) == -i);
  }
}

TEST_CASE("a thousand runtimes are made and destroyed in turn", "[runtime]") {
  int sum = 0;
  for (int i = 0; i < 1000; ++i) {
    runtime program;
    auto left = program.spawn(for_ever);
    sum += program.block_on(number(1));
  }
  CHECK(sum == 1000);
}

TEST_CASE("a runtime that was never used can be destroyed on any thread", "[runtime]") {
  std::optional<runtime> program;
  program.emplace(runtime_options{.loops = 3});
  std::thread([&] { program.reset(); }).join();
  CHECK_FALSE(program.has_value());
}

TEST_CASE("current names the runtime whose loop runs here", "[runtime]") {
  CHECK(runtime::current() == nullptr);
  runtime program;
  auto main = [&]() -> task<bool> { co_return runtime::current() == &program; };
  CHECK(program.block_on(main()));
  CHECK(runtime::current() == nullptr);
}

TEST_CASE("a started runtime takes tasks of any thread, and get waits for them", "[runtime]") {
  runtime program({.loops = 2});
  program.start();
  std::vector<std::thread> threads;
  std::atomic<int> sum = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 100; ++j) {
        auto here = program.spawn(number, i);
        auto there = program.spawner_at(1).spawn(number, j);
        sum += here.get() + there.get();
      }
    });
  }
  for (auto& each : threads) each.join();
  CHECK(sum == 100 * (0 + 1 + 2 + 3) + 4 * 4950);
}

TEST_CASE("get throws what the task threw", "[runtime]") {
  runtime program;
  program.start();
  auto handle = program.spawn(fail, "far away");
  CHECK_THROWS_WITH(handle.get(), "far away");
}

TEST_CASE("get on a loop's thread is refused", "[runtime]") {
  runtime program;
  auto main = []() -> task<std::string> {
    auto handle = spawn(for_ever);
    co_return message_of([&] { handle.get(); });
  };
  CHECK(program.block_on(main()) ==
        "lariat: join_handle::get would block this thread's loop; co_await the handle instead");
}

TEST_CASE("block_on of a started runtime waits for the loop's thread", "[runtime]") {
  runtime program;
  program.start();
  const std::thread::id here = std::this_thread::get_id();
  auto main = [here]() -> task<int> {
    const int value = co_await number(8);
    co_return here == std::this_thread::get_id() ? 0 : value;
  };
  CHECK(program.block_on(main()) == 8);
  CHECK_THROWS_WITH(program.block_on(fail("there")), "there");
}

TEST_CASE("a main task whose runtime is shut down from outside is cancelled", "[runtime]") {
  runtime program;
  program.start();
  std::atomic<bool> began = false;
  auto main = [&]() -> task<> {
    began = true;
    began.notify_one();
    co_await sleep_for(24h);
  };
  std::thread other([&] {
    began.wait(false);
    program.shutdown();
  });
  CHECK_THROWS_AS(program.block_on(main()), operation_cancelled);
  other.join();
}

TEST_CASE("10^5 functions posted by four threads all run, on the loop", "[runtime]") {
  constexpr int threads_max = 4;
  constexpr int posts = 25'000;
  runtime program;
  program.start();
  int count = 0;  // The loop's thread's own.
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_max; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < posts; ++j) program.post([&count] { ++count; });
    });
  }
  for (auto& each : threads) each.join();
  // Behind them all in the inbox.
  auto look = [&]() -> task<int> { co_return count; };
  CHECK(program.spawn(look).get() == threads_max * posts);
}

TEST_CASE("posts of one thread run in order", "[runtime]") {
  runtime program({.loops = 2});
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i) program.post([&order, i] { order.push_back(i); }, 1);
  auto look = [&]() -> task<std::size_t> { co_return order.size(); };
  CHECK(program.spawner_at(1).spawn(look).get() == 1000);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("a posted function's exception is one that nobody awaited", "[runtime]") {
  child_process child([] {
    runtime program;
    program.start();
    program.post([] { throw std::runtime_error("posted"); });
    auto nothing = []() -> task<> { co_return; };
    program.spawn(nothing).get();
    program.shutdown();
    return 0;
  });
  CHECK(contains(child.output(), "\"post\""));
  CHECK(contains(child.output(), "failed and was not awaited: posted"));
  CHECK(contains(child.output(), "threw: tasks that nobody awaited failed"));
}

TEST_CASE("after shutdown nothing can be started", "[runtime]") {
  const std::string refusal = "lariat: spawn: the runtime has been shut down";
  runtime program({.loops = 2});
  program.shutdown();
  program.shutdown();  // Does nothing.
  CHECK(message_of([&] { (void)program.spawn(number, 1); }) == refusal);
  CHECK(message_of([&] { (void)program.spawner_at(1).spawn(number, 1); }) == refusal);
  CHECK(message_of([&] { program.post([] {}); }) == "lariat: post: the runtime has been shut down");
  CHECK(message_of([&] { program.block_on(number(1)); }) ==
        "lariat: block_on: the runtime has been shut down");
  CHECK(message_of([&] { program.start(); }) == "lariat: start: the runtime has been shut down");
}

TEST_CASE("a runtime is started once, and not after block_on", "[runtime]") {
  runtime program;
  program.start();
  CHECK(message_of([&] { program.start(); }) ==
        "lariat: start: the runtime has been started already");
  runtime other;
  other.block_on(number(1));
  CHECK(contains(message_of([&] { other.start(); }), "start comes first"));
}

TEST_CASE("the first loop belongs to the thread that ran it first", "[runtime]") {
  runtime program;
  program.block_on(number(1));
  std::string block;
  std::string shut;
  std::thread([&] {
    block = message_of([&] { program.block_on(number(1)); });
    shut = message_of([&] { program.shutdown(); });
  }).join();
  CHECK(contains(block, "belongs to the thread that called block_on first"));
  CHECK(contains(shut, "belongs to the thread that called block_on"));
  CHECK(program.block_on(number(5)) == 5);
}

TEST_CASE("block_on and shutdown inside a running loop are refused", "[runtime]") {
  runtime other;
  auto main = [&]() -> task<std::string> {
    const std::string block = message_of([&] { other.block_on(number(1)); });
    co_return block + " / " + message_of([&] { other.shutdown(); });
  };
  CHECK(run(main()) ==
        "lariat: block_on was called from inside a running loop; co_await the task instead / "
        "lariat: runtime::shutdown was called from inside a running loop, which it would block");
  CHECK(other.block_on(number(9)) == 9);
}

TEST_CASE("shutdown is refused while block_on runs on another thread", "[runtime]") {
  std::atomic<bool> began = false;
  std::atomic<bool> refused = false;
  std::atomic<runtime*> program = nullptr;
  std::thread blocked([&] {
    runtime own;
    program = &own;
    auto main = [&]() -> task<> {
      began = true;
      began.notify_one();
      while (!refused) co_await sleep_for(10us);
    };
    own.block_on(main());
  });
  began.wait(false);
  CHECK(contains(message_of([&] { program.load()->shutdown(); }), "block_on is running"));
  CHECK(contains(message_of([&] { program.load()->block_on(number(1)); }), "running already"));
  refused = true;
  blocked.join();
}

TEST_CASE("destroying a runtime inside a running loop ends the process", "[runtime]") {
  child_process child([] {
    auto main = []() -> task<> {
      runtime inner;
      co_return;
    };
    run(main());
    return 0;
  });
  CHECK(child.status() == child_process::killed_by(SIGABRT));
  CHECK(contains(child.output(), "inside a running loop, which it would block (by ~runtime)\n"));
}

TEST_CASE("a runtime without a loop is refused", "[runtime]") {
  CHECK_THROWS_AS(runtime({.loops = 0}), std::invalid_argument);
  CHECK_THROWS_AS(runtime({.loops = static_cast<std::size_t>(-1)}), std::invalid_argument);
}

TEST_CASE("a loop that does not exist is refused by its number", "[runtime]") {
  runtime program({.loops = 2});
  CHECK(program.loops() == 2);
  CHECK_THROWS_AS(program.loop_at(2), std::out_of_range);
  CHECK_THROWS_WITH(program.spawner_at(7), "lariat: there is no loop 7; the runtime has 2");
}
