#include "thread_test.hpp"

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/join_handle.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

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

THREAD_TEST_CASE("the thread knows whose work it does", "[sched][to_thread]") {
  CHECK(lane::current_task() == nullptr);
  auto ask = [] { return std::string(lane::current_task()->name()); };
  auto body = [&]() -> task<std::string> { co_return co_await to_thread(ask); };
  join_handle<std::string> handle = spawn({.name = "accountant"}, body);
  const std::string name = co_await handle;
  CHECK(name == "accountant");
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
  auto limit = 1ms;
  auto attempt = [&]() -> task<> { value = co_await to_thread({.queue_timeout = limit}, block); };
  join_handle<void> handle = spawn(attempt);
  while (!busy.started()) {
    if (handle.done()) {  // No thread came in time: that is another test's.
      (void)co_await as_result(handle);
      limit *= 2;
      handle = spawn(attempt);
    }
    co_await yield();
  }
  co_await sleep_for(2 * limit);  // It has passed, whenever it was set.
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
