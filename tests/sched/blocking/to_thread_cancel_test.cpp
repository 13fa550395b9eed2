// to_thread and cancels: what is taken back, what is asked to stop, and what is abandoned.

#include "thread_test.hpp"

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/task/join_handle.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

int twice(int value) { return 2 * value; }

struct counter {
  int value = 0;
};

// Ends when stop is requested, and says whether it was.
bool wait_for_stop(std::stop_token stop, std::latch* started) {
  std::mutex mutex;
  std::condition_variable_any requested;
  started->count_down();
  std::unique_lock lock(mutex);
  return requested.wait(lock, stop, [] { return false; }) || stop.stop_requested();
}

template <class Call>
task<std::string> error_of(Call call) {
  try {
    co_await call;
  } catch (const std::exception& error) {
    co_return error.what();
  }
  co_return "";
}

}  // namespace

THREAD_TEST_CASE("a call of a task that is cancelled already never runs", "[sched][to_thread]") {
  bool ran = false;
  auto call = [&] { ran = true; };
  auto body = [&]() -> task<> { co_await to_thread(call); };
  join_handle<void> handle = spawn([&]() -> task<> {
    co_await uncancellable(yield());
    co_await body();
  });
  co_await yield();
  handle.cancel();
  const outcome<void> end = co_await as_result(handle);
  CHECK(end.cancelled());
  CHECK_FALSE(ran);
}

THREAD_TEST_CASE("a queued call is taken back at once by a cancel", "[sched][to_thread]") {
  lane narrow("narrow", {.threads_max = 1});
  occupation busy;
  auto block = [&] { busy(); };
  join_handle<void> first = spawn([&]() -> task<> { co_await to_thread({&narrow}, block); });
  co_await until([&] { return busy.started(); });
  bool ran = false;
  auto call = [&] { ran = true; };
  join_handle<void> second = spawn([&]() -> task<> { co_await to_thread({&narrow}, call); });
  co_await until([&] { return narrow.metrics().queued == 1; });
  second.cancel("no longer wanted");
  const outcome<void> end = co_await as_result(second);  // While the only thread is busy.
  CHECK(end.cancelled());
  CHECK(narrow.metrics().queued == 0);
  busy.release();
  co_await first;
  CHECK_FALSE(ran);
}

THREAD_TEST_CASE(
    "a running call is asked to stop, and joined; its value is delivered, and the "
    "cancel at the next await",
    "[sched][to_thread]") {
  std::latch started(1);
  bool stopped = false;
  bool cancelled_next = false;
  join_handle<void> handle = spawn([&]() -> task<> {
    stopped = co_await to_thread(wait_for_stop, &started);
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled& cancelled) {
      cancelled_next = cancelled.reason() == "enough";
      throw;
    }
  });
  co_await until([&] { return started.try_wait(); });
  handle.cancel("enough");
  const outcome<void> end = co_await as_result(handle);
  CHECK(end.cancelled());
  CHECK(stopped);
  CHECK(cancelled_next);
}

THREAD_TEST_CASE("a running call that takes no token is waited for", "[sched][to_thread]") {
  occupation busy;
  auto block = [&] {
    busy();
    return 5;
  };
  int value = 0;
  join_handle<void> handle = spawn([&]() -> task<> { value = co_await to_thread(block); });
  co_await until([&] { return busy.started(); });
  handle.cancel();
  co_await yield();
  CHECK_FALSE(handle.done());
  busy.release();
  co_await handle;
  CHECK(value == 5);
}

THREAD_TEST_CASE("a function that ends by operation_cancelled delivers the cancel",
                 "[sched][to_thread]") {
  std::latch started(1);
  auto give_up = [&](std::stop_token stop) {
    (void)wait_for_stop(stop, &started);
    throw operation_cancelled("as asked");
  };
  bool goes_on = false;
  join_handle<void> handle = spawn([&]() -> task<> {
    std::string reason;
    try {
      co_await to_thread(give_up);
    } catch (const operation_cancelled& cancelled) {
      reason = cancelled.reason();
    }
    CHECK(reason == "the caller's");
    co_await yield();  // The cancel has been delivered: once.
    goes_on = true;
  });
  co_await until([&] { return started.try_wait(); });
  handle.cancel("the caller's");
  co_await handle;
  CHECK(goes_on);
}

THREAD_TEST_CASE("a token's stop is not requested while the task is uncancellable",
                 "[sched][to_thread]") {
  occupation busy;
  auto block = [&](std::stop_token stop) {
    busy();
    return stop.stop_requested();
  };
  bool stopped = true;
  join_handle<void> handle =
      spawn([&]() -> task<> { stopped = co_await uncancellable(to_thread(block)); });
  co_await until([&] { return busy.started(); });
  handle.cancel();
  co_await yield();
  busy.release();
  co_await handle;
  CHECK_FALSE(stopped);
}

THREAD_TEST_CASE("of many calls made at once those cancelled at once never run",
                 "[sched][to_thread]") {
  lane left("left", {.threads_max = 1});
  lane right("right", {.threads_max = 1});
  occupation busy_left;
  occupation busy_right;
  auto block = [](occupation* busy) { (*busy)(); };
  auto occupy = [&](lane& where, occupation& busy) -> task<> {
    co_await to_thread({&where}, block, &busy);
  };
  std::vector<join_handle<void>> all;
  all.push_back(spawn(occupy, std::ref(left), std::ref(busy_left)));
  all.push_back(spawn(occupy, std::ref(right), std::ref(busy_right)));
  co_await until([&] { return busy_left.started() && busy_right.started(); });
  std::atomic<int> ran = 0;
  auto call = [&] { ++ran; };
  auto attempt = [&](lane* where) -> task<> { co_await to_thread({where}, call); };
  for (int i = 0; i < 300; ++i) all.push_back(spawn(attempt, i % 40 < 33 ? &left : &right));
  co_await yield();  // Behind the tasks' first runs, and before what these queue.
  for (std::size_t i = 2; i < all.size(); i += 3) all[i].cancel();
  busy_left.release();
  busy_right.release();
  for (join_handle<void>& each : all) (void)co_await as_result(each);
  CHECK(ran == 200);
}

THREAD_TEST_CASE("a cancel that races the queue timeout and the start ends the call once",
                 "[sched][to_thread]") {
  lane narrow("narrow", {.threads_max = 1});
  std::atomic<int> ran = 0;
  int returned = 0;
  int withdrawn = 0;
  auto call = [&] { ++ran; };
  for (int i = 0; i < 2000; ++i) {
    join_handle<void> handle = spawn([&]() -> task<> {
      try {
        co_await to_thread({&narrow, std::chrono::nanoseconds(i * 5)}, call);
        ++returned;
      } catch (const operation_cancelled&) {
        ++withdrawn;
      } catch (const std::system_error&) {
        ++withdrawn;
      }
    });
    for (int turns = 0; turns <= i % 8; ++turns) co_await yield();
    handle.cancel();
    (void)co_await as_result(handle);
  }
  CHECK(ran == returned);
  CHECK(returned + withdrawn == 2000);
}

THREAD_TEST_CASE("an abandoned function runs on, and its state goes when it ends",
                 "[sched][to_thread]") {
  static occupation busy;  // Not owned by the call: its only use is to observe it.
  auto state = std::make_shared<int>(3);
  const std::weak_ptr<int> watch = state;
  auto work = [](std::shared_ptr<int> own) {
    busy();
    return *own;
  };
  join_handle<void> handle = spawn(
      [&]() -> task<> { (void)co_await to_thread<on_cancel::abandon>(work, std::move(state)); });
  co_await until([&] { return busy.started(); });
  handle.cancel();
  const outcome<void> end = co_await as_result(handle);  // While the function is still at it.
  CHECK(end.cancelled());
  CHECK_FALSE(watch.expired());
  busy.release();
  co_await until([&] { return watch.expired(); });
}

THREAD_TEST_CASE("a call that may be abandoned gives its value, its exception or the timeout",
                 "[sched][to_thread]") {
  const int value = co_await to_thread<on_cancel::abandon>(twice, 4);
  CHECK(value == 8);
  auto fail = [](int) -> int { throw std::runtime_error("no such row"); };
  const std::string text = co_await error_of(to_thread<on_cancel::abandon>(fail, 1));
  CHECK(text == "no such row");
  lane narrow("narrow", {.threads_max = 1});
  occupation busy;
  auto block = [&] { busy(); };
  join_handle<void> first = spawn([&]() -> task<> { co_await to_thread({&narrow}, block); });
  co_await until([&] { return busy.started(); });
  const std::string late =
      co_await error_of(to_thread<on_cancel::abandon>({&narrow, 1ms}, twice, 1));
  CHECK(late.find("narrow") != late.npos);
  busy.release();
  co_await first;
}

THREAD_TEST_CASE("a cancel that races the end of an abandonable call loses nothing",
                 "[sched][to_thread]") {
  static std::atomic<int> alive = 0;
  struct tracked {
    tracked() { ++alive; }
    tracked(tracked&&) noexcept { ++alive; }
    ~tracked() { --alive; }
  };
  int values = 0;
  int cancels = 0;
  for (int i = 0; i < 2000; ++i) {
    auto work = [](tracked own) { return own; };
    join_handle<void> handle = spawn([&]() -> task<> {
      try {
        tracked argument;
        const tracked result = co_await to_thread<on_cancel::abandon>(work, std::move(argument));
        ++values;
      } catch (const operation_cancelled&) {
        ++cancels;
      }
    });
    for (int turns = 0; turns < i % 8; ++turns) co_await yield();
    handle.cancel();
    (void)co_await as_result(handle);
  }
  CHECK(values + cancels <= 2000);  // A cancel before the first run leaves no trace.
  co_await until([] { return alive == 0; });
}

// What a call that may be abandoned may use.
static_assert(!detail::is_borrowed<std::string>);
static_assert(!detail::is_borrowed<std::vector<int>>);
static_assert(!detail::is_borrowed<int (*)(int)>);
static_assert(!detail::is_borrowed<int counter::*>);
static_assert(detail::is_borrowed<int*>);
static_assert(detail::is_borrowed<const char*>);
static_assert(detail::is_borrowed<std::string_view>);
static_assert(detail::is_borrowed<std::span<const int>>);
static_assert(detail::is_borrowed<std::reference_wrapper<int>>);
