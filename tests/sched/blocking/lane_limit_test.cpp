// Lanes with a bound to how many calls wait.

#include "thread_test.hpp"

#include <lariat/sched/blocking/blocking_pool.hpp>
#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/outcome.hpp>
#include <lariat/sched/task/result.hpp>
#include <lariat/sched/task/yield.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

int same(int value) { return value; }

task<> call_on(lane& where, occupation& busy) {
  auto block = [&] { busy(); };
  co_await to_thread({&where}, block);
}

task<std::error_code> code_of(lane& where) {
  try {
    (void)co_await to_thread({&where}, same, 1);
  } catch (const std::system_error& error) {
    co_return error.code();
  }
  co_return std::error_code();
}

const std::error_code full = std::make_error_code(std::errc::no_buffer_space);

}  // namespace

THREAD_TEST_CASE("a call is refused while as many wait as the lane permits",
                 "[sched][lane_limit]") {
  lane narrow("narrow", {.threads_max = 1, .queue_max = 2});
  CHECK(narrow.queue_max() == 2);
  occupation busy;
  join_handle<void> first = spawn(call_on, std::ref(narrow), std::ref(busy));
  co_await until([&] { return busy.started(); });
  std::vector<join_handle<std::error_code>> waiting;
  for (int i = 0; i < 2; ++i) waiting.push_back(spawn(code_of, std::ref(narrow)));
  co_await until([&] { return narrow.metrics().queued == 2; });
  std::string complaint;
  std::error_code code;
  try {
    (void)co_await to_thread({&narrow}, same, 1);
  } catch (const std::system_error& error) {
    complaint = error.what();
    code = error.code();
  }
  CHECK(code == full);
  CHECK(complaint.find("narrow is full") != complaint.npos);
  auto timed = to_thread({.lane = &narrow, .queue_timeout = 1h}, same, 1);
  const outcome<int> end = co_await as_result(std::move(timed));
  CHECK(end.error() != nullptr);
  CHECK_FALSE(end.cancelled());
  bool abandonable_refused = false;
  try {
    (void)co_await to_thread<on_cancel::abandon>({&narrow}, same, 1);
  } catch (const std::system_error& error) {
    abandonable_refused = error.code() == full;
  }
  CHECK(abandonable_refused);
  CHECK(narrow.metrics().refused == 3);
  CHECK(narrow.metrics().queued == 2);
  busy.release();
  co_await first;
  for (auto& each : waiting) {
    const std::error_code ended = co_await each;
    CHECK(!ended);
  }
  const std::error_code after = co_await code_of(narrow);
  CHECK(!after);
  CHECK(narrow.metrics().calls == 4);
}

THREAD_TEST_CASE("a lane in which none may wait takes a call for each thread",
                 "[sched][lane_limit]") {
  lane two("two", {.threads_max = 2, .queue_max = 0});
  occupation busy[2];
  std::vector<join_handle<void>> calls;
  for (occupation& each : busy) calls.push_back(spawn(call_on, std::ref(two), std::ref(each)));
  co_await until([&] { return busy[0].started() && busy[1].started(); });
  const std::error_code code = co_await code_of(two);
  CHECK(code == full);
  for (occupation& each : busy) each.release();
  for (join_handle<void>& each : calls) co_await each;
}

THREAD_TEST_CASE("one call after the other is never refused", "[sched][lane_limit]") {
  lane narrow("narrow", {.threads_max = 1, .queue_max = 0});
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::error_code code = co_await code_of(narrow);
    refused += code ? 1 : 0;
    const int value = co_await to_thread<on_cancel::abandon>({&narrow}, same, i);
    refused += value == i ? 0 : 1;
  }
  CHECK(refused == 0);
  CHECK(narrow.metrics().refused == 0);
}

THREAD_TEST_CASE("a call that is cancelled or times out makes room for another",
                 "[sched][lane_limit]") {
  lane narrow("narrow", {.threads_max = 1, .queue_max = 1});
  occupation busy;
  join_handle<void> first = spawn(call_on, std::ref(narrow), std::ref(busy));
  co_await until([&] { return busy.started(); });
  join_handle<std::error_code> second = spawn(code_of, std::ref(narrow));
  co_await until([&] { return narrow.metrics().queued == 1; });
  second.cancel();
  const outcome<std::error_code> end = co_await as_result(second);
  CHECK(end.cancelled());
  std::error_code code;
  try {
    (void)co_await to_thread({.lane = &narrow, .queue_timeout = 1ms}, same, 1);
  } catch (const std::system_error& error) {
    code = error.code();
  }
  CHECK(code == std::errc::timed_out);
  join_handle<std::error_code> third = spawn(code_of, std::ref(narrow));
  co_await until([&] { return narrow.metrics().queued == 1; });
  busy.release();
  co_await first;
  const std::error_code last = co_await third;
  CHECK(!last);
  CHECK(narrow.metrics().refused == 0);
}

THREAD_TEST_CASE("a call that a full lane refuses leaves the cancel of its task pending",
                 "[sched][lane_limit]") {
  lane narrow("narrow", {.threads_max = 1, .queue_max = 0});
  occupation busy;
  join_handle<void> first = spawn(call_on, std::ref(narrow), std::ref(busy));
  co_await until([&] { return busy.started(); });
  std::error_code code;
  auto body = [&]() -> task<> {
    code = co_await code_of(narrow);
    co_await yield();
  };
  join_handle<void> second = spawn(body);
  co_await yield();  // The call was refused, and its task is to be resumed yet.
  CHECK(narrow.metrics().refused == 1);
  second.cancel();
  const outcome<void> end = co_await as_result(second);
  CHECK(end.cancelled());
  CHECK(code == full);
  busy.release();
  co_await first;
}

THREAD_TEST_CASE("a call from a thread of a full lane is refused, and the lane works as before",
                 "[sched][lane_limit]") {
  lane two("two", {.threads_max = 2, .queue_max = 0});
  occupation busy;
  join_handle<void> first = spawn(call_on, std::ref(two), std::ref(busy));
  co_await until([&] { return busy.started(); });
  auto inner = [&]() -> std::error_code {
    std::error_code code;
    run_on_futex_loop([&]() -> task<> { code = co_await code_of(two); });
    return code;
  };
  const std::error_code code = co_await to_thread({&two}, inner);
  CHECK(code == full);
  busy.release();
  co_await first;
  const std::error_code after = co_await to_thread({&two}, inner);
  CHECK(!after);
}

THREAD_TEST_CASE("of many calls at once those beyond the bound are refused",
                 "[sched][lane_limit]") {
  // Many at once, so that the loop would gather them for a lane without a bound.
  lane narrow("narrow", {.threads_max = 1, .queue_max = 30});
  occupation busy;
  join_handle<void> first = spawn(call_on, std::ref(narrow), std::ref(busy));
  co_await until([&] { return busy.started(); });
  std::vector<join_handle<std::error_code>> calls;
  for (int i = 0; i < 100; ++i) calls.push_back(spawn(code_of, std::ref(narrow)));
  co_await until([&] { return narrow.metrics().refused == 70; });
  CHECK(narrow.metrics().queued == 30);
  busy.release();
  co_await first;
  int refused = 0;
  for (auto& each : calls) {
    const std::error_code code = co_await each;
    refused += code == full ? 1 : 0;
  }
  CHECK(refused == 70);
}

TEST_CASE("loops on several threads share the bound", "[sched][lane_limit]") {
  constexpr int rounds = 2'000;
  lane narrow("narrow", {.threads_max = 2, .queue_max = 1});
  std::atomic<std::uint64_t> ran = 0;
  std::atomic<std::uint64_t> refused = 0;
  auto call = [&]() -> task<> {
    for (int round = 0; round < rounds; ++round) {
      const std::error_code code = co_await code_of(narrow);
      ++(code ? refused : ran);
    }
  };
  std::array<loop_thread, 3> loops;
  std::vector<join_handle<void>> calls;
  for (loop_thread& each : loops) {
    for (int i = 0; i < 2; ++i) calls.push_back(each.spawn(call));
  }
  for (join_handle<void>& each : calls) each.get();
  CHECK(ran + refused == 3 * 2 * rounds);
  CHECK(narrow.metrics().calls == ran);
  CHECK(narrow.metrics().refused == refused);
  CHECK(narrow.metrics().queued == 0);
}
