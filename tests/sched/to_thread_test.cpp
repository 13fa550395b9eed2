#include "thread_test.hpp"

#include <lariat/sched/join_handle.hpp>
#include <lariat/sched/to_thread.hpp>
#include <lariat/sched/uncancellable.hpp>
#include <lariat/sched/when_all.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

// The sanitizers have allocation functions of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNT_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNT_ALLOCATIONS 0
#endif
#endif
#ifndef COUNT_ALLOCATIONS
#define COUNT_ALLOCATIONS 1
#endif

using namespace lariat;
using namespace std::chrono_literals;

namespace {

int twice(int value) { return 2 * value; }

struct no_such_row : std::runtime_error {
  explicit no_such_row(int row) : std::runtime_error("no such row"), row(row) {}
  int row;
};

struct counter {
  int value = 0;
  int add(int more) { return value += more; }
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

THREAD_TEST_CASE("to_thread runs the function on another thread and resumes on the loop's",
                 "[sched][to_thread]") {
  const std::thread::id here = std::this_thread::get_id();
  const std::thread::id there = co_await to_thread(&std::this_thread::get_id);
  CHECK(there != here);
  CHECK(std::this_thread::get_id() == here);
}

THREAD_TEST_CASE("the loop goes on while the function blocks", "[sched][to_thread]") {
  occupation busy;
  auto block = [&] { busy(); };
  join_handle<void> waiting = spawn([&]() -> task<> { co_await to_thread(block); });
  co_await until([&] { return busy.started(); });
  CHECK_FALSE(waiting.done());
  busy.release();
  co_await waiting;
}

THREAD_TEST_CASE("the result comes back: a value, nothing, a reference, what only moves",
                 "[sched][to_thread]") {
  const int value = co_await to_thread(twice, 21);
  CHECK(value == 42);
  int called = 0;
  auto call = [&] { called = 1; };
  co_await to_thread(call);
  CHECK(called == 1);
  auto refer = [&]() -> int& { return called; };
  int& reference = co_await to_thread(refer);
  CHECK(&reference == &called);
  auto pass = [](std::unique_ptr<int> own) { return own; };
  auto owned = std::make_unique<int>(7);
  std::unique_ptr<int> back = co_await to_thread(pass, std::move(owned));
  CHECK(*back == 7);
}

THREAD_TEST_CASE("members are called, and arguments copied unless they are wrapped",
                 "[sched][to_thread]") {
  counter object;
  const int sum = co_await to_thread(&counter::add, std::ref(object), 3);
  CHECK(sum == 3);
  CHECK(object.value == 3);
  const int of_copy = co_await to_thread(&counter::add, object, 3);
  CHECK(of_copy == 6);
  CHECK(object.value == 3);
}

THREAD_TEST_CASE("an exception comes back with its type", "[sched][to_thread]") {
  int row = 0;
  auto fail = [](int wanted) -> int { throw no_such_row(wanted); };
  try {
    (void)co_await to_thread(fail, 12);
  } catch (const no_such_row& error) {
    row = error.row;
  }
  CHECK(row == 12);
}

THREAD_TEST_CASE("calls of one task run at once when they are joined", "[sched][to_thread]") {
  std::latch both(2);  // Passed only if both calls are there.
  auto meet = [&](int value) {
    both.arrive_and_wait();
    return value;
  };
  auto [first, second] = co_await when_all(to_thread(meet, 1), to_thread(meet, 2));
  CHECK(first == 1);
  CHECK(second == 2);
}

#if COUNT_ALLOCATIONS
static std::atomic<int> allocations = 0;

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

THREAD_TEST_CASE("a call allocates nothing once its thread runs", "[sched][to_thread]") {
  lane narrow("narrow", {.threads_max = 1});
  int sum = co_await to_thread({&narrow}, twice, 0);
  const int before = allocations;
  for (int i = 0; i < 1000; ++i) sum += co_await to_thread({&narrow, 1h}, twice, 1);
  const int during = allocations - before;
  CHECK(sum == 2000);
  CHECK(during == 0);
}
#endif

THREAD_TEST_CASE("the thread knows whose work it does", "[sched][to_thread]") {
  CHECK(lane::current_task() == nullptr);
  auto ask = [] { return std::string(lane::current_task()->name()); };
  auto body = [&]() -> task<std::string> { co_return co_await to_thread(ask); };
  join_handle<std::string> handle = spawn({.name = "accountant"}, body);
  const std::string name = co_await handle;
  CHECK(name == "accountant");
}

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
  auto fail = [](int wanted) -> int { throw no_such_row(wanted); };
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

THREAD_TEST_CASE("a call that waits for a thread too long is given up", "[sched][to_thread]") {
  lane narrow("narrow", {.threads_max = 1});
  occupation busy;
  auto block = [&] { busy(); };
  join_handle<void> first = spawn([&]() -> task<> { co_await to_thread({&narrow}, block); });
  co_await until([&] { return busy.started(); });
  std::error_code code;
  std::string text;
  try {
    (void)co_await to_thread({.lane = &narrow, .queue_timeout = 1ms}, twice, 1);
  } catch (const std::system_error& error) {
    code = error.code();
    text = error.what();
  }
  CHECK(code == std::errc::timed_out);
  CHECK(text.find("narrow") != text.npos);
  CHECK(narrow.metrics().queued == 0);
  busy.release();
  co_await first;
  CHECK(narrow.metrics().calls == 1);
}

THREAD_TEST_CASE("the queue timeout does not touch a call that has been started",
                 "[sched][to_thread]") {
  occupation busy;
  auto block = [&] {
    busy();
    return 5;
  };
  int value = 0;
  join_handle<void> handle =
      spawn([&]() -> task<> { value = co_await to_thread({.queue_timeout = 1ms}, block); });
  co_await until([&] { return busy.started(); });
  co_await sleep_for(2ms);  // The limit has passed, whenever it was set.
  CHECK_FALSE(handle.done());
  busy.release();
  co_await handle;
  CHECK(value == 5);
}

THREAD_TEST_CASE("a queue timeout that races the start either runs the call or does not",
                 "[sched][to_thread]") {
  lane narrow("narrow", {.threads_max = 1});
  std::atomic<int> ran = 0;
  int values = 0;
  int timeouts = 0;
  auto call = [&] { ++ran; };
  auto attempt = [&](std::chrono::nanoseconds limit) -> task<> {
    try {
      co_await to_thread({&narrow, limit}, call);
      ++values;
    } catch (const std::system_error&) {
      ++timeouts;
    }
  };
  std::vector<join_handle<void>> all;
  for (int i = 0; i < 5000; ++i) all.push_back(spawn(attempt, std::chrono::nanoseconds(i * 10)));
  for (join_handle<void>& each : all) co_await each;
  CHECK(values + timeouts == 5000);
  CHECK(values == ran);
}

THREAD_TEST_CASE("a cancel that races the queue timeout and the start ends the call once",
                 "[sched][to_thread]") {
  lane narrow("narrow", {.threads_max = 1});
  std::atomic<int> ran = 0;
  int ended = 0;
  auto call = [&] { ++ran; };
  for (int i = 0; i < 2000; ++i) {
    join_handle<void> handle = spawn([&]() -> task<> {
      try {
        co_await to_thread({&narrow, std::chrono::nanoseconds(i * 5)}, call);
      } catch (...) {
      }
      ++ended;
    });
    for (int turns = 0; turns <= i % 8; ++turns) co_await yield();
    handle.cancel();
    (void)co_await as_result(handle);
  }
  CHECK(ended == 2000);
}

THREAD_TEST_CASE("what was not awaited is not called", "[sched][to_thread]") {
  auto work = [](std::shared_ptr<int> own) { return *own; };
  auto state = std::make_shared<int>(1);
  {
    auto dropped = to_thread(work, state);
    auto moved = std::move(dropped);
    auto abandonable = to_thread<on_cancel::abandon>(work, state);
    CHECK(state.use_count() == 3);
  }
  CHECK(state.use_count() == 1);
  auto kept = to_thread(work, state);
  auto moved = std::move(kept);
  const int value = co_await moved;
  CHECK(value == 1);
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
