#include "combinator_test.hpp"
#include "thread_test.hpp"

#include <lariat/sched/scope/as_completed.hpp>
#include <lariat/sched/sync/event.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<int> wake_after(int seconds) {
  co_await sleep_for(std::chrono::seconds(seconds));
  co_return seconds;
}

}  // namespace

LOOP_TEST_CASE("tasks come in the order of their ends", "[sched][as_completed]") {
  std::vector<join_handle<int>> handles;
  for (const int seconds : {3, 1, 2, 0}) handles.push_back(spawn(wake_after, seconds));
  auto ended = as_completed(std::span(handles));
  std::vector<int> order;
  for (;;) {
    join_handle<int>* const next = co_await ended.next();
    if (next == nullptr) break;
    CHECK(next->done());
    const int value = co_await *next;
    order.push_back(value);
  }
  CHECK(order == std::vector{0, 1, 2, 3});
  join_handle<int>* const again = co_await ended.next();
  CHECK(again == nullptr);
}

LOOP_TEST_CASE("tasks that have ended before come first; of none there is none",
               "[sched][as_completed]") {
  std::vector<join_handle<int>> handles;
  handles.push_back(spawn(wake_after, 1));
  handles.push_back(spawn(wake_after, 0));
  co_await sleep_for(1us);
  auto ended = as_completed(std::span(handles));
  join_handle<int>* const first = co_await ended.next();
  CHECK(first == &handles[1]);
  join_handle<int>* const second = co_await ended.next();
  CHECK(second == &handles[0]);
  auto nothing = as_completed(std::span<join_handle<int>>());
  join_handle<int>* const none = co_await nothing.next();
  CHECK(none == nullptr);
}

LOOP_TEST_CASE("a cancelled wait for the next skips none", "[sched][as_completed]") {
  std::vector<join_handle<int>> handles;
  handles.push_back(spawn(wake_after, 2));
  auto ended = as_completed(std::span(handles));
  auto waiting = spawn([&]() -> task<> { (void)co_await ended.next(); });
  co_await yield();
  waiting.cancel();
  const std::string end = co_await end_of(waiting);
  CHECK(end == "cancelled");
  CHECK_FALSE(handles[0].done());
  join_handle<int>* const next = co_await ended.next();
  CHECK(next == &handles[0]);
}

LOOP_TEST_CASE("what is not waited for goes on", "[sched][as_completed]") {
  std::vector<join_handle<int>> handles;
  handles.push_back(spawn(wake_after, 1));
  handles.push_back(spawn(wake_after, 2));
  {
    auto ended = as_completed(std::span(handles));
    join_handle<int>* const first = co_await ended.next();
    CHECK(first == &handles[0]);
  }
  const int two = co_await handles[1];
  CHECK(two == 2);
}

LOOP_TEST_CASE("misuse of as_completed is refused", "[sched][as_completed]") {
  std::vector<join_handle<int>> handles(1);
  CHECK_THROWS_AS(as_completed(std::span(handles)), std::logic_error);
  handles[0] = spawn(wake_after, 1);
  auto ended = as_completed(std::span(handles));
  auto first = spawn([&]() -> task<> { (void)co_await ended.next(); });
  co_await yield();
  bool refused = false;
  try {
    (void)co_await ended.next();
  } catch (const std::logic_error&) {
    refused = true;
  }
  CHECK(refused);
  co_await first;
}

LOOP_TEST_CASE("tasks that end between two calls of next keep their order",
               "[sched][as_completed]") {
  std::vector<join_handle<int>> handles;
  for (const int seconds : {2, 1}) handles.push_back(spawn(wake_after, seconds));
  auto ended = as_completed(std::span(handles));
  co_await sleep_for(3s);
  join_handle<int>* const first = co_await ended.next();
  join_handle<int>* const second = co_await ended.next();
  CHECK(first == &handles[1]);
  CHECK(second == &handles[0]);
}

LOOP_TEST_CASE("a cancel before the wait skips none; one that comes after the end stays pending",
               "[sched][as_completed]") {
  std::vector<join_handle<int>> handles;
  event gate;
  handles.push_back(spawn(wake_after, 0));
  handles.push_back(spawn([&]() -> task<int> {
    co_await gate.wait();
    co_return 1;
  }));
  auto ended = as_completed(std::span(handles));
  co_await sleep_for(1ms);
  join_handle<void> self;
  self = spawn([&]() -> task<> {
    self.cancel();
    (void)co_await ended.next();
  });
  const outcome<void> refused = co_await as_result(self);
  CHECK(refused.cancelled());
  join_handle<int>* const first = co_await ended.next();
  CHECK(first == &handles[0]);

  join_handle<int>* second = nullptr;
  auto waiting = spawn([&]() -> task<> {
    second = co_await ended.next();
    co_await yield();  // Here the cancel is delivered.
  });
  co_await sleep_for(1ms);
  gate.set();
  co_await yield();
  CHECK(handles[1].done());
  CHECK(second == nullptr);  // It was told, and has yet to run.
  waiting.cancel();
  const outcome<void> end = co_await as_result(waiting);
  CHECK(end.cancelled());
  CHECK(second == &handles[1]);
}

THREAD_TEST_CASE("tasks of another loop are refused", "[sched][as_completed]") {
  loop_thread other;
  std::vector<join_handle<int>> handles;
  handles.push_back(other.spawn([]() -> task<int> { co_return 1; }));
  CHECK_THROWS_AS(as_completed(std::span(handles)), std::logic_error);
  const int one = co_await handles[0];
  CHECK(one == 1);
  other.finish();
}
