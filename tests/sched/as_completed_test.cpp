#include "../fake_loop.hpp"

#include <lariat/sched/as_completed.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<int> after(int seconds) {
  co_await sleep_for(std::chrono::seconds(seconds));
  co_return seconds;
}

}  // namespace

LOOP_TEST_CASE("tasks come in the order of their ends", "[sched][as_completed]") {
  std::vector<join_handle<int>> handles;
  for (const int seconds : {3, 1, 2, 0}) handles.push_back(spawn(after, seconds));
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
  handles.push_back(spawn(after, 1));
  handles.push_back(spawn(after, 0));
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
  handles.push_back(spawn(after, 2));
  auto ended = as_completed(std::span(handles));
  auto waiting = spawn([&]() -> task<> { (void)co_await ended.next(); });
  co_await yield();
  waiting.cancel();
  bool cancelled = false;
  try {
    co_await waiting;
  } catch (const operation_cancelled&) {
    cancelled = true;
  }
  CHECK(cancelled);
  CHECK_FALSE(handles[0].done());
  join_handle<int>* const next = co_await ended.next();
  CHECK(next == &handles[0]);
}

LOOP_TEST_CASE("what is not waited for goes on", "[sched][as_completed]") {
  std::vector<join_handle<int>> handles;
  handles.push_back(spawn(after, 1));
  handles.push_back(spawn(after, 2));
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
  handles[0] = spawn(after, 1);
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
