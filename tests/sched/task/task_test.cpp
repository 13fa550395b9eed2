#include "fake_loop.hpp"
#include "foreign_task.hpp"
#include "sanitizer.hpp"

#include <lariat/sched/task/task.hpp>
#include <lariat/sched/time/timer.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<int> number(int value) { co_return value; }
task<> nothing_at_all() { co_return; }
task<std::string> text() { co_return "lariat"; }
task<std::unique_ptr<int>> move_only(int value) { co_return std::make_unique<int>(value); }
task<int&> reference(int& value) { co_return value; }
task<std::vector<int>> braced() { co_return {1, 2, 3}; }
task<int> failing() {
  throw std::runtime_error("boom");
  co_return 0;
}

// Notes the order in which things happen.
struct note_end {
  std::vector<std::string>& log;
  const char* what;
  note_end(std::vector<std::string>& log, const char* what) : log(log), what(what) {}
  note_end(const note_end&) = delete;
  ~note_end() { log.emplace_back(what); }
};

template <class Task>
task<std::string> error_of(Task body) {
  try {
    (void)co_await body;
  } catch (const std::exception& error) {
    co_return error.what();
  }
  co_return "";
}

}  // namespace

LOOP_TEST_CASE("a task gives the value that its coroutine returns", "[sched][task]") {
  const int plain = co_await number(3);
  CHECK(plain == 3);
  const std::string word = co_await text();
  CHECK(word == "lariat");
  const std::vector<int> list = co_await braced();
  CHECK(list == std::vector{1, 2, 3});
  std::unique_ptr<int> owned = co_await move_only(4);
  CHECK(*owned == 4);
  co_await nothing_at_all();
}

LOOP_TEST_CASE("a task of a reference gives the object itself", "[sched][task]") {
  int object = 1;
  int& same = co_await reference(object);
  CHECK(&same == &object);
}

LOOP_TEST_CASE("a task throws what its coroutine throws", "[sched][task]") {
  const std::string error = co_await error_of(failing());
  CHECK(error == "boom");
}

LOOP_TEST_CASE("a task runs when it is awaited, and not before", "[sched][task]") {
  bool ran = false;
  auto body = [&]() -> task<> {
    ran = true;
    co_return;
  };
  task<> waiting = body();
  CHECK_FALSE(ran);
  co_await yield();
  CHECK_FALSE(ran);
  co_await std::move(waiting);
  CHECK(ran);
}

TEST_CASE("a task that is dropped never runs, and frees its parameters", "[sched][task]") {
  bool ran = false;
  auto parameter = std::make_shared<int>(0);
  auto body = [](bool& flag, std::shared_ptr<int>) -> task<> {
    flag = true;
    co_return;
  };
  {
    task<> dropped = body(ran, parameter);
    CHECK(parameter.use_count() == 2);
  }
  CHECK(parameter.use_count() == 1);
  CHECK_FALSE(ran);
}

TEST_CASE("assigning to a task drops what it was", "[sched][task]") {
  auto parameter = std::make_shared<int>(0);
  auto body = [](std::shared_ptr<int>) -> task<> { co_return; };
  task<> one = body(parameter);
  one = task<>();
  CHECK(parameter.use_count() == 1);
  CHECK_FALSE(one);
}

LOOP_TEST_CASE("an lvalue task is awaited in place, once", "[sched][task]") {
  task<int> named = number(5);
  const int value = co_await named;
  CHECK(value == 5);
}

LOOP_TEST_CASE("awaiting an empty, moved-from or used task throws logic_error", "[sched][task]") {
  const std::string empty = co_await error_of(task<int>());
  CHECK(empty.find("awaited") != std::string::npos);

  task<int> source = number(1);
  task<int> target = std::move(source);
  bool refused = false;
  try {
    (void)co_await std::move(source);
  } catch (const std::logic_error&) {
    refused = true;
  }
  CHECK(refused);
  const int value = co_await target;
  CHECK(value == 1);
  refused = false;
  try {
    (void)co_await target;
  } catch (const std::logic_error&) {
    refused = true;
  }
  CHECK(refused);
}

LOOP_TEST_CASE("a task's frame is gone when the await has ended", "[sched][task]") {
  std::vector<std::string> log;
  auto body = [](std::vector<std::string>& list) -> task<int> {
    note_end local(list, "local");
    co_return 1;
  };
  const int value = co_await body(log);
  log.emplace_back("after");
  CHECK(value == 1);
  CHECK(log == std::vector<std::string>{"local", "after"});
}

LOOP_TEST_CASE("a destructor that throws after co_return wins over the value", "[sched][task]") {
  auto value = std::make_shared<int>(0);
  struct thrower {
    ~thrower() noexcept(false) { throw std::runtime_error("in the destructor"); }
  };
  auto body = [](std::shared_ptr<int> held) -> task<std::shared_ptr<int>> {
    thrower local;
    co_return held;
  };
  const std::string error = co_await error_of(body(value));
  CHECK(error == "in the destructor");
  CHECK(value.use_count() == 1);
}

namespace {

task<int> chain(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await chain(depth - 1);
  co_return below + 1;
}

task<int> throwing_chain(int depth) {
  if (depth == 0) throw std::runtime_error("from below");
  const int below = co_await throwing_chain(depth - 1);
  co_return below + 1;
}

task<> sleeping_chain(int depth, int& unwound) {
  if (depth == 0) {
    co_await sleep_for(1h);
    co_return;
  }
  try {
    co_await sleeping_chain(depth - 1, unwound);
  } catch (const operation_cancelled&) {
    ++unwound;
    throw;
  }
}

// A fifth of it under sanitizers, whose frames are bigger.
constexpr int million = UNDER_SANITIZER ? 200'000 : 1'000'000;

}  // namespace

LOOP_TEST_CASE("a chain of a million tasks does not grow the stack", "[sched][task][stack]") {
  const int length = co_await chain(million);
  CHECK(length == million);
}

LOOP_TEST_CASE("a million ready awaits do not grow the stack", "[sched][task][stack]") {
  long sum = 0;
  for (int i = 0; i < million; ++i) {
    const int one = co_await number(1);
    sum += one;
  }
  CHECK(sum == million);
}

LOOP_TEST_CASE("an exception unwinds a million frames", "[sched][task][stack]") {
  const std::string error = co_await error_of(throwing_chain(million));
  CHECK(error == "from below");
}

LOOP_TEST_CASE("a cancel unwinds a suspended chain of a million frames", "[sched][task][stack]") {
  int unwound = 0;
  join_handle<void> handle = spawn(sleeping_chain, million, std::ref(unwound));
  co_await yield();
  handle.cancel("enough");
  const outcome<void> end = co_await as_result(handle);
  CHECK(end.cancelled());
  CHECK(unwound == million);
}

namespace {

foreign_task<int> foreign_over_lariat(int value) {
  const int inner = co_await number(value);
  co_await sleep_for(1ms);
  co_await yield();
  co_return inner + 1;
}

foreign_task<int> foreign_failing() {
  const int value = co_await failing();
  co_return value;
}

foreign_detached run_detached(int& result) {
  result = co_await number(9);
  co_await sleep_for(1ms);
  result = 10;
}

}  // namespace

LOOP_TEST_CASE("foreign coroutines await tasks and operations, and tasks await them",
               "[sched][task][foreign]") {
  const int value = co_await foreign_over_lariat(1);
  CHECK(value == 2);
  std::string error;
  try {
    (void)co_await foreign_failing();
  } catch (const std::runtime_error& failure) {
    error = failure.what();
  }
  CHECK(error == "boom");
}

LOOP_TEST_CASE("a foreign coroutine that nobody awaits is resumed by the loop",
               "[sched][task][foreign]") {
  int result = 0;
  run_detached(result);
  CHECK(result == 9);
  co_await until([&] { return result == 10; });
}

TEST_CASE("a foreign coroutine that awaits a task where no loop runs is refused",
          "[sched][task][foreign]") {
  struct outside {
    static foreign_detached run(std::string& error) {
      try {
        (void)co_await number(1);
      } catch (const std::logic_error& refusal) {
        error = refusal.what();
      }
    }
  };
  std::string error;
  outside::run(error);
  CHECK(error.find("no loop runs on this thread") != std::string::npos);
}
