#include "fake_loop.hpp"

#include <lariat/sched/scope/wait.hpp>

#include <chrono>
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

task<int> fail_after(int seconds) {
  co_await sleep_for(std::chrono::seconds(seconds));
  throw std::runtime_error("failed");
}

template <class... Tasks>
std::vector<join_handle<int>> spawn_all(Tasks... tasks) {
  std::vector<join_handle<int>> handles;
  (handles.push_back(spawn(std::move(tasks))), ...);
  return handles;
}

}  // namespace

LOOP_TEST_CASE("wait ends with the first, with the first failure, or with all", "[sched][wait]") {
  auto handles = spawn_all(after(3), after(1), fail_after(2));
  const auto first = co_await wait(std::span(handles), wait_until::first_completed);
  REQUIRE(first.done.size() == 1);
  CHECK(first.done[0] == &handles[1]);
  CHECK(first.pending == std::vector{&handles[0], &handles[2]});

  const auto failed = co_await wait(std::span(handles), wait_until::first_exception);
  CHECK(failed.done == std::vector{&handles[1], &handles[2]});
  CHECK(failed.pending == std::vector{&handles[0]});
  CHECK(handles[2].failed());

  const auto all = co_await wait(std::span(handles));
  CHECK(all.done.size() == 3);
  CHECK(all.pending.empty());
  CHECK_FALSE(handles[0].failed());
  bool threw = false;
  try {
    (void)co_await handles[2];
  } catch (const std::runtime_error&) {
    threw = true;
  }
  CHECK(threw);
}

LOOP_TEST_CASE("wait cancels nothing when its time is up", "[sched][wait]") {
  auto handles = spawn_all(after(1), after(10));
  const auto some = co_await wait(std::span(handles), wait_until::all_completed, 2s);
  CHECK(some.done == std::vector{&handles[0]});
  CHECK(some.pending == std::vector{&handles[1]});
  const int ten = co_await handles[1];
  CHECK(ten == 10);
}

LOOP_TEST_CASE("without a failure first_exception waits for all", "[sched][wait]") {
  auto handles = spawn_all(after(1), after(2));
  const auto all = co_await wait(std::span(handles), wait_until::first_exception);
  CHECK(all.done.size() == 2);
}

LOOP_TEST_CASE("wait for nothing is refused", "[sched][wait]") {
  bool refused = false;
  try {
    (void)co_await wait(std::span<join_handle<int>>());
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CHECK(refused);
}

LOOP_TEST_CASE("a failure ends wait also if it is the first end, and so does a cancelled task",
               "[sched][wait]") {
  auto failing = spawn_all(fail_after(1), after(2));
  const auto failed = co_await wait(std::span(failing), wait_until::first_exception);
  CHECK(failed.done == std::vector{&failing[0]});
  (void)co_await wait(std::span(failing));
  bool threw = false;
  try {
    (void)co_await failing[0];
  } catch (const std::runtime_error&) {
    threw = true;
  }
  CHECK(threw);
  auto handles = spawn_all(after(5), after(6));
  handles[1].cancel();
  const auto cancelled = co_await wait(std::span(handles), wait_until::first_exception);
  CHECK(cancelled.done == std::vector{&handles[1]});
  (void)co_await wait(std::span(handles));
}

LOOP_TEST_CASE("a cancelled wait cancels nothing else", "[sched][wait]") {
  auto handles = spawn_all(after(1));
  auto waiting = spawn([&]() -> task<> { (void)co_await wait(std::span(handles)); });
  co_await yield();
  waiting.cancel();
  const outcome<void> end = co_await as_result(waiting);
  CHECK(end.cancelled());
  const int one = co_await handles[0];
  CHECK(one == 1);
}
