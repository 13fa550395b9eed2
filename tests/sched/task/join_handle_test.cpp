#include "combinator_test.hpp"
#include "fake_loop.hpp"

#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timer.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<int> number(int value) {
  co_await yield();
  co_return value;
}
task<int> failing() {
  co_await yield();
  throw std::runtime_error("boom");
}
task<> sleeping() { co_await sleep_for(1h); }
task<int> stubborn(int value) {
  try {
    co_await sleep_for(1h);
  } catch (const operation_cancelled&) {
  }
  co_return value;
}

void run_until_empty(loop_thread& other) {
  bool empty = false;
  while (!empty) other.run([&] { empty = other.loop().live() == 0; });
}

}  // namespace

LOOP_TEST_CASE("a handle gives the task's value, whether it runs or has ended", "[sched][join]") {
  join_handle<int> running = spawn(number, 1);
  CHECK_FALSE(running.done());
  const int one = co_await running;
  CHECK(one == 1);
  CHECK(running.done());

  join_handle<int> ended = spawn(number, 2);
  co_await until([&] { return ended.done(); });
  const int two = co_await ended;
  CHECK(two == 2);

  join_handle<std::unique_ptr<int>> owned =
      spawn([]() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); });
  std::unique_ptr<int> three = co_await owned;
  CHECK(*three == 3);
}

LOOP_TEST_CASE("a handle throws what the task threw", "[sched][join]") {
  join_handle<int> handle = spawn(failing);
  const std::string end = co_await end_of(handle);
  CHECK(end == "boom");
}

LOOP_TEST_CASE("as_result gives the end of a task without throwing it", "[sched][join]") {
  join_handle<int> good = spawn(number, 1);
  outcome<int> value = co_await as_result(good);
  CHECK(value.has_value());
  CHECK_FALSE(value.cancelled());
  CHECK(value.error() == nullptr);
  CHECK(value.value() == 1);

  join_handle<int> bad = spawn(failing);
  outcome<int> error = co_await as_result(bad);
  CHECK_FALSE(error.has_value());
  CHECK_FALSE(error.cancelled());
  CHECK(error.error() != nullptr);
  CHECK_THROWS_AS(error.value(), std::runtime_error);

  join_handle<void> stopped = spawn(sleeping);
  stopped.cancel();
  outcome<void> cancel = co_await as_result(stopped);
  CHECK(cancel.cancelled());
}

LOOP_TEST_CASE("cancel delivers its reason", "[sched][join]") {
  join_handle<void> handle = spawn(sleeping);
  co_await yield();
  handle.cancel("enough");
  const std::string end = co_await end_of(handle);
  CHECK(end == "cancelled enough");
  handle.cancel("too late");  // After the end it does nothing.
}

LOOP_TEST_CASE("a task that is cancelled before its start never runs", "[sched][join]") {
  bool ran = false;
  auto parameter = std::make_shared<int>(0);
  join_handle<void> handle = spawn(
      [&](std::shared_ptr<int>) -> task<> {
        ran = true;
        co_return;
      },
      parameter);
  handle.cancel("before");
  const std::string end = co_await end_of(handle);
  CHECK(end == "cancelled before");
  CHECK_FALSE(ran);
  handle = join_handle<void>();
  CHECK(parameter.use_count() == 1);
}

LOOP_TEST_CASE("a task may survive its cancel, and its value wins", "[sched][join]") {
  join_handle<int> handle = spawn(stubborn, 3);
  co_await yield();
  handle.cancel();
  const int value = co_await handle;
  CHECK(value == 3);
}

LOOP_TEST_CASE("several tasks may wait for one, and all are told", "[sched][join]") {
  join_handle<void> target = spawn([]() -> task<> { co_await sleep_for(1ms); });
  int told = 0;
  auto wait = [&]() -> task<> {
    co_await target;
    ++told;
  };
  join_handle<void> first = spawn(wait);
  join_handle<void> second = spawn(wait);
  co_await first;
  co_await second;
  CHECK(told == 2);
}

LOOP_TEST_CASE("a detached task goes on", "[sched][join]") {
  bool ended = false;
  auto body = [&]() -> task<> {
    co_await sleep_for(1ms);
    ended = true;
  };
  {
    join_handle<void> handle = spawn(body);
    handle.detach();
    CHECK_FALSE(static_cast<bool>(handle));
  }
  co_await until([&] { return ended; });
  CHECK(ended);
}

LOOP_TEST_CASE("an empty handle says so, whatever is asked of it", "[sched][join]") {
  join_handle<int> handle;
  CHECK_FALSE(static_cast<bool>(handle));
  CHECK_THROWS_AS(handle.done(), std::logic_error);
  CHECK_THROWS_AS(handle.cancel(), std::logic_error);
  CHECK_THROWS_AS(handle.name(), std::logic_error);
  CHECK_THROWS_AS(handle.id(), std::logic_error);
  CHECK_THROWS_AS(handle.get(), std::logic_error);
  const std::string end = co_await end_of(handle);
  CHECK(end.find("join_handle::co_await: the handle is empty") != std::string::npos);
  handle.detach();
}

LOOP_TEST_CASE("handles know the name and the number of their tasks", "[sched][join]") {
  join_handle<int> named = spawn({.name = "reader"}, number, 1);
  join_handle<int> plain = spawn(number, 2);
  CHECK(named.name() == "reader");
  CHECK(plain.name().empty());
  CHECK(named.id() != plain.id());
  CHECK(named.id() != 0);
  (void)co_await named;
  CHECK(named.name() == "reader");
  (void)co_await plain;
}

LOOP_TEST_CASE("cancelling the awaiter cancels the awaited task and waits for it",
               "[sched][join]") {
  bool cleaned = false;
  join_handle<void> inner = spawn([&]() -> task<> {
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
      cleaned = true;
      throw;
    }
  });
  bool first_cleaned = false;
  join_handle<std::string> outer = spawn([&]() -> task<std::string> {
    try {
      co_await inner;
    } catch (const operation_cancelled& cancelled) {
      first_cleaned = cleaned;
      co_return cancelled.reason();
    }
    co_return "value";
  });
  co_await sleep_for(1us);
  outer.cancel("outside");
  const std::string reason = co_await outer;
  CHECK(reason == "outside");
  CHECK(first_cleaned);
  CHECK(inner.done());
}

LOOP_TEST_CASE("a cancel before the await reaches the awaited task too, and its end is waited for",
               "[sched][join]") {
  bool cleaned = false;
  join_handle<void> inner = spawn([&]() -> task<> {
    std::exception_ptr cancelled;
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
      cancelled = std::current_exception();
    }
    co_await sleep_for(1ms);
    cleaned = true;
    if (cancelled != nullptr) std::rethrow_exception(cancelled);
  });
  bool waited = false;
  join_handle<void> outer;
  outer = spawn([&]() -> task<> {
    co_await yield();
    outer.cancel("early");
    try {
      co_await inner;
    } catch (const operation_cancelled&) {
      waited = cleaned;
      throw;
    }
  });
  const std::string end = co_await end_of(outer);
  CHECK(end == "cancelled early");
  CHECK(waited);
}

LOOP_TEST_CASE("a value of the awaited task wins over the awaiter's cancel", "[sched][join]") {
  join_handle<int> inner = spawn(stubborn, 5);
  join_handle<int> outer = spawn([&]() -> task<int> {
    const int value = co_await inner;
    co_return value;
  });
  co_await sleep_for(1us);
  outer.cancel();
  const int value = co_await outer;
  CHECK(value == 5);
}

LOOP_TEST_CASE("shield keeps a cancel from the task, and stops the waiting at once",
               "[sched][join][shield]") {
  join_handle<int> inner = spawn([]() -> task<int> {
    co_await sleep_for(1ms);
    co_return 4;
  });
  const auto start = time_here();
  join_handle<int> outer = spawn([&]() -> task<int> {
    const int value = co_await shield(inner);
    co_return value;
  });
  co_await yield();
  outer.cancel("outside");
  const std::string end = co_await end_of(outer);
  CHECK(end == "cancelled outside");
  CHECK(time_here() == start);
  CHECK_FALSE(inner.done());
  const int value = co_await inner;  // It can be awaited again.
  CHECK(value == 4);
}

LOOP_TEST_CASE("a failure that nobody awaits is reported once, with its name and place",
               "[sched][join][report]") {
  failure_log log(*loop::current());
  const unsigned line = __LINE__ + 1;
  { join_handle<int> handle = spawn({.name = "lost"}, failing); }
  co_await until([&] { return !log.entries().empty(); });
  const auto entries = log.entries();
  CHECK(entries.size() == 1);
  CHECK(entries[0].name == "lost");
  CHECK(entries[0].text == "boom");
  CHECK(entries[0].site.line() == line);
  CHECK(std::string(entries[0].site.file_name()).ends_with("join_handle_test.cpp"));
}

LOOP_TEST_CASE("a failure is reported when the handle goes after the end",
               "[sched][join][report]") {
  failure_log log(*loop::current());
  {
    join_handle<int> handle = spawn(failing);
    co_await until([&] { return handle.done(); });
    CHECK(log.entries().empty());
  }
  CHECK(log.entries().size() == 1);
}

LOOP_TEST_CASE("a failure that was awaited, and a cancel, are not reported",
               "[sched][join][report]") {
  failure_log log(*loop::current());
  {
    join_handle<int> awaited = spawn(failing);
    const std::string end = co_await end_of(awaited);
    CHECK(end == "boom");
    join_handle<int> asked = spawn(failing);
    const outcome<int> result = co_await as_result(asked);
    CHECK(result.error() != nullptr);
    join_handle<void> cancelled = spawn(sleeping);
    cancelled.cancel();
    cancelled.detach();
    co_await sleep_for(1us);
  }
  CHECK(log.entries().empty());
}

LOOP_TEST_CASE("get is refused on a loop's thread, unless the task has ended", "[sched][join]") {
  join_handle<int> handle = spawn(number, 6);
  std::string error;
  try {
    (void)handle.get();
  } catch (const std::logic_error& refusal) {
    error = refusal.what();
  }
  CHECK(error.find("co_await the handle instead") != std::string::npos);
  co_await until([&] { return handle.done(); });
  CHECK(handle.get() == 6);
}

TEST_CASE("a plain thread gets a task's value, or what it threw", "[sched][join][threads]") {
  loop_thread other;
  join_handle<int> good = other.spawn(number, 7);
  CHECK(good.get() == 7);
  join_handle<int> bad = other.spawn(failing);
  CHECK_THROWS_AS(bad.get(), std::runtime_error);
}

TEST_CASE("a task is cancelled from another thread", "[sched][join][threads]") {
  loop_thread other;
  std::string reason;
  join_handle<std::string> handle = other.spawn([]() -> task<std::string> {
    std::string text;
    try {
      co_await sleep_for(std::chrono::hours::max());
    } catch (const operation_cancelled& cancelled) {
      text = cancelled.reason();
    }
    co_return text;
  });
  other.run([] {});  // It runs by now.
  handle.cancel("from afar");
  CHECK(handle.get() == "from afar");
}

TEST_CASE("a handle may be dropped on another thread, before and after the end",
          "[sched][join][threads]") {
  loop_thread other;
  failure_log log(other.loop());
  {
    join_handle<int> handle = other.spawn(failing);
    while (!handle.done()) std::this_thread::yield();
  }
  CHECK(log.entries().size() == 1);
  join_handle<void> running = other.spawn([]() -> task<> { co_await sleep_for(1ms); });
  running.detach();
  join_handle<int> last = other.spawn(number, 1);
  CHECK(last.get() == 1);
  run_until_empty(other);
}

TEST_CASE("a cancel on its way does not outlive the task's record", "[sched][join][threads]") {
  // As many hold it as there are tasks whose frames live.
  const auto frames = std::make_shared<int>();
  loop_thread other;
  for (int i = 0; i < 2000; ++i) {
    join_handle<void> handle = other.spawn([frames]() -> task<> { co_await yield(); });
    handle.cancel("sent while it ends");
    if (i % 2 == 0) std::this_thread::yield();
    // Dropped while the request may still be in the loop's inbox.
  }
  run_until_empty(other);
  CHECK(frames.use_count() == 1);
}

TEST_CASE("a task awaits a task of another loop", "[sched][join][threads]") {
  loop_thread other;
  run_on_fake_loop([&]() -> task<> {
    join_handle<int> good = other.spawn(number, 8);
    const int value = co_await good;
    CHECK(value == 8);
    join_handle<int> bad = other.spawn(failing);
    const std::string end = co_await end_of(bad);
    CHECK(end == "boom");
    CHECK(loop::current() != &other.loop());  // It resumed at home.
  });
}

TEST_CASE("cancelling the awaiter reaches a task of another loop", "[sched][join][threads]") {
  loop_thread other;
  run_on_fake_loop([&]() -> task<> {
    join_handle<void> inner =
        other.spawn([]() -> task<> { co_await sleep_for(std::chrono::hours::max()); });
    join_handle<void> outer = spawn([&]() -> task<> { co_await inner; });
    co_await yield();
    outer.cancel("across");
    const std::string end = co_await end_of(outer);
    CHECK(end == "cancelled across");
    CHECK(inner.done());
  });
}

TEST_CASE("shield across loops stops the waiting and leaves the task alone",
          "[sched][join][shield][threads]") {
  loop_thread other;
  std::atomic<bool> let_go = false;
  run_on_fake_loop([&]() -> task<> {
    join_handle<int> inner = other.spawn([&]() -> task<int> {
      while (!let_go) co_await yield();
      co_return 3;
    });
    join_handle<int> outer = spawn([&]() -> task<int> {
      const int value = co_await shield(inner);
      co_return value;
    });
    co_await yield();
    outer.cancel("outside");
    const std::string end = co_await end_of(outer);
    CHECK(end == "cancelled outside");
    CHECK_FALSE(inner.done());
    let_go = true;
    const int value = co_await inner;
    CHECK(value == 3);
  });
}

LOOP_TEST_CASE("a value is given once, and asking again is refused", "[sched][join_handle]") {
  auto text = []() -> task<std::string> { co_return "once"; };
  join_handle<std::string> handle = spawn(text);
  const std::string first = co_await handle;
  CHECK(first == "once");
  std::string refused;
  try {
    (void)co_await handle;
  } catch (const std::logic_error& error) {
    refused = error.what();
  }
  CHECK(refused == "lariat: join_handle: the task's result has been taken before");
}

LOOP_TEST_CASE("the end of a task without a value may be awaited again", "[sched][join_handle]") {
  int ran = 0;
  auto count = [&]() -> task<> {
    ++ran;
    co_return;
  };
  join_handle<void> handle = spawn(count);
  co_await handle;
  co_await handle;
  CHECK(ran == 1);
}
