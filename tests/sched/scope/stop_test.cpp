#include "combinator_test.hpp"
#include "fake_loop.hpp"

#include <lariat/sched/scope/stop.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timer.hpp>

#include <atomic>
#include <stop_token>
#include <string>
#include <thread>

using namespace lariat;
using namespace std::chrono_literals;

LOOP_TEST_CASE("without a stop request the value comes through", "[sched][stop]") {
  std::stop_source source;
  const int value = co_await with_stop_token(source.get_token(), after(1ms, 3));
  CHECK(value == 3);
  co_await with_stop_token(std::stop_token(), sleep_for(1ms));  // One that can never be asked.
  source.request_stop();                                        // After: reaches nobody.
  co_await yield();
}

LOOP_TEST_CASE("a stop request before or during the wait cancels it", "[sched][stop]") {
  std::stop_source before;
  before.request_stop();
  std::string end = co_await end_of(with_stop_token(before.get_token(), after(1h, 1)));
  CHECK(end == "cancelled stop was requested");

  std::stop_source during;
  join_handle<std::string> handle = spawn([&]() -> task<std::string> {
    std::string text = co_await end_of(with_stop_token(during.get_token(), after(1h, 1)));
    co_return text;
  });
  co_await sleep_for(1us);
  during.request_stop();
  end = co_await handle;
  CHECK(end == "cancelled stop was requested");
}

LOOP_TEST_CASE("a value wins over a stop request", "[sched][stop]") {
  std::stop_source source;
  join_handle<int> handle = spawn([&]() -> task<int> {
    const int value = co_await with_stop_token(source.get_token(), survivor(4));
    co_return value;
  });
  co_await sleep_for(1us);
  source.request_stop();
  const int value = co_await handle;
  CHECK(value == 4);
}

LOOP_TEST_CASE("a cancel is passed on and delivered with its reason", "[sched][stop]") {
  std::stop_source source;
  join_handle<std::string> handle = spawn([&]() -> task<std::string> {
    std::string text = co_await end_of(with_stop_token(source.get_token(), after(1h, 1)));
    co_return text;
  });
  co_await sleep_for(1us);
  handle.cancel("outside");
  const std::string end = co_await handle;
  CHECK(end == "cancelled outside");
}

LOOP_TEST_CASE("a task's stop token is asked when the task is cancelled", "[sched][stop]") {
  std::stop_token token;
  bool called = false;
  join_handle<void> handle = spawn([&]() -> task<> {
    token = co_await get_stop_token();
    std::stop_callback callback(token, [&] { called = true; });
    co_await sleep_for(1h);
  });
  co_await yield();
  CHECK(token.stop_possible());
  CHECK_FALSE(token.stop_requested());
  handle.cancel();
  CHECK(token.stop_requested());
  CHECK(called);
  const outcome<void> end = co_await as_result(handle);
  CHECK(end.cancelled());
}

LOOP_TEST_CASE("a task that was cancelled before gets a token that is asked", "[sched][stop]") {
  bool asked = false;
  join_handle<void> handle = spawn([&]() -> task<> {
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
      asked = true;
    }
    std::stop_token token = co_await get_stop_token();
    asked = asked && token.stop_requested();
  });
  co_await yield();
  handle.cancel();
  co_await handle;
  CHECK(asked);
}

LOOP_TEST_CASE("the token of one task stops another", "[sched][stop]") {
  std::string end;
  join_handle<void> first = spawn([&]() -> task<> {
    std::stop_token token = co_await get_stop_token();
    join_handle<std::string> second = spawn(
        [](std::stop_token by) -> task<std::string> {
          std::string text = co_await end_of(with_stop_token(by, after(1h, 1)));
          co_return text;
        },
        token);
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
    }
    end = co_await second;
  });
  co_await sleep_for(1us);
  first.cancel();
  co_await first;
  CHECK(end == "cancelled stop was requested");
}

TEST_CASE("stop is requested by another thread, at any moment", "[sched][stop][threads]") {
  for (int round = 0; round < 300; ++round) {
    std::stop_source source;
    std::atomic<bool> started = false;
    std::thread stopper([&] {
      while (!started) std::this_thread::yield();
      source.request_stop();
    });
    run_on_fake_loop([&]() -> task<> {
      started = true;
      for (int i = 0; i < round % 20; ++i) co_await yield();
      const auto forever = std::chrono::nanoseconds::max();
      const std::string end =
          co_await end_of(with_stop_token(source.get_token(), after(forever, 1)));
      CHECK(end == "cancelled stop was requested");
      // Races the request with the value: either is right, a hang or a crash is not.
      std::stop_source other;
      std::thread racer([&] { other.request_stop(); });
      const std::string race = co_await end_of(with_stop_token(other.get_token(), yield()));
      CHECK((race == "value" || race == "cancelled stop was requested"));
      racer.join();
    });
    stopper.join();
  }
}
