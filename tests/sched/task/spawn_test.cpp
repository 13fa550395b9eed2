#include "fake_loop.hpp"

#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/time/timer.hpp>

#include <memory>
#include <stdexcept>
#include <string>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<int> number(int value) { co_return value; }
task<> set(int& target, int value) {
  target = value;
  co_return;
}
task<int> sum(int a, int b, int c) { co_return a + b + c; }
task<int> take(std::unique_ptr<int> value) {
  co_await yield();
  co_return *value;
}
task<std::string> view(const std::string& text) {
  co_await yield();
  co_return text;
}

struct counter {
  int base;
  task<int> add(int value) const { co_return base + value; }
};

}  // namespace

LOOP_TEST_CASE("spawn takes functions with their arguments", "[sched][spawn]") {
  join_handle<int> one = spawn(number, 1);
  join_handle<int> three = spawn(sum, 1, 2, 3);
  join_handle<int> owned = spawn(take, std::make_unique<int>(4));
  const counter object{10};
  join_handle<int> member = spawn(&counter::add, object, 5);
  const int a = co_await one;
  const int b = co_await three;
  const int c = co_await owned;
  const int d = co_await member;
  CHECK(a == 1);
  CHECK(b == 6);
  CHECK(c == 4);
  CHECK(d == 15);
}

LOOP_TEST_CASE("spawned arguments are copied, unless passed by std::ref", "[sched][spawn]") {
  int target = 0;
  co_await spawn(set, std::ref(target), 7);
  CHECK(target == 7);

  std::string text = "before, and long enough to be allocated";
  join_handle<std::string> handle = spawn(view, text);
  text = "after";
  const std::string seen = co_await handle;
  CHECK(seen.starts_with("before"));
}

LOOP_TEST_CASE("a temporary argument lives as long as the task that refers to it",
               "[sched][spawn]") {
  const std::string seen = co_await spawn(view, std::string(100, 'x'));
  CHECK(seen == std::string(100, 'x'));
}

LOOP_TEST_CASE("a spawned lambda keeps its captures", "[sched][spawn][closure]") {
  std::weak_ptr<int> watched;
  join_handle<int> handle;
  {
    auto value = std::make_shared<int>(3);
    watched = value;
    handle = spawn(
        [value](int add) -> task<int> {
          co_await yield();
          co_return *value + add;
        },
        4);
  }
  CHECK_FALSE(watched.expired());
  const int result = co_await handle;
  CHECK(result == 7);
}

LOOP_TEST_CASE("spawn starts a task that exists", "[sched][spawn]") {
  const int value = co_await spawn(number(8));
  CHECK(value == 8);
  const int named = co_await spawn({.name = "eight"}, number(9));
  CHECK(named == 9);
}

LOOP_TEST_CASE("an empty task is refused", "[sched][spawn]") {
  bool refused = false;
  try {
    spawn(task<int>()).detach();
  } catch (const std::logic_error&) {
    refused = true;
  }
  CHECK(refused);
  CHECK(loop::current()->live() == 1);
  co_return;
}

LOOP_TEST_CASE("a task made by calling a lambda with captures is refused, naming the place",
               "[sched][spawn][closure]") {
  int value = 3;
  auto lambda = [value]() -> task<int> { co_return value; };
  std::string error;
  unsigned line = 0;
  try {
    line = __LINE__ + 1;
    spawn(lambda()).detach();
  } catch (const std::logic_error& refusal) {
    error = refusal.what();
  }
  CHECK(error.find("spawn_test.cpp:" + std::to_string(line)) != std::string::npos);
  CHECK(error.find("spawn(lambda, args...)") != std::string::npos);
  co_return;
}

LOOP_TEST_CASE("a task made by calling a lambda without captures is not refused",
               "[sched][spawn][closure]") {
  auto lambda = [](int value) -> task<int> { co_return value; };
  const int value = co_await spawn(lambda(5));
  CHECK(value == 5);
}

TEST_CASE("spawn where no loop runs is refused", "[sched][spawn]") {
  std::string error;
  try {
    spawn(number, 1).detach();
  } catch (const std::logic_error& refusal) {
    error = refusal.what();
  }
  CHECK(error.find("spawn: no loop runs on this thread") != std::string::npos);
}

LOOP_TEST_CASE("a spawned task runs after those that are ready", "[sched][spawn]") {
  std::string order;
  auto speak = [&](char letter) -> task<> {
    order += letter;
    co_return;
  };
  join_handle<void> a = spawn(speak, 'a');
  join_handle<void> b = spawn(speak, 'b');
  order += '-';
  co_await b;
  CHECK(order == "-ab");
  co_await a;
}

LOOP_TEST_CASE("a function that throws before it gives a task fails the task", "[sched][spawn]") {
  auto body = [](bool fail) -> task<int> {
    if (fail) throw std::runtime_error("not even started");
    return number(1);
  };
  join_handle<int> handle = spawn(body, true);
  std::string error;
  try {
    (void)co_await handle;
  } catch (const std::runtime_error& failure) {
    error = failure.what();
  }
  CHECK(error == "not even started");
  const int fine = co_await spawn(body, false);
  CHECK(fine == 1);
}

LOOP_TEST_CASE("arguments that throw while they are copied leave nothing behind",
               "[sched][spawn]") {
  struct uncopyable {
    uncopyable() = default;
    uncopyable(const uncopyable&) { throw std::runtime_error("no copy"); }
  };
  auto body = [](const uncopyable&) -> task<> { co_return; };
  uncopyable value;
  bool refused = false;
  try {
    spawn(body, value).detach();
  } catch (const std::runtime_error&) {
    refused = true;
  }
  CHECK(refused);
  CHECK(loop::current()->live() == 1);
  co_return;
}

LOOP_TEST_CASE("a task's parameters go when it ends, not with its handle", "[sched][spawn]") {
  auto value = std::make_shared<int>(1);
  std::weak_ptr<int> watched = value;
  auto body = [](std::shared_ptr<int> held) -> task<int> {
    co_await yield();
    co_return *held;
  };
  join_handle<int> handle = spawn(body, std::move(value));
  co_await until([&] { return handle.done(); });
  CHECK(watched.expired());
  const int result = co_await handle;
  CHECK(result == 1);
}

LOOP_TEST_CASE("a task's captures and unused arguments go when it ends", "[sched][spawn]") {
  auto value = std::make_shared<int>(1);
  std::weak_ptr<int> watched = value;
  join_handle<void> ran = spawn([held = value]() -> task<> { co_await yield(); });
  auto never = [](std::shared_ptr<int>) -> task<> { co_return; };
  join_handle<void> cancelled = spawn(never, std::move(value));
  cancelled.cancel();
  co_await until([&] { return ran.done() && cancelled.done(); });
  CHECK(watched.expired());
}

LOOP_TEST_CASE("100,000 tasks at once", "[sched][spawn]") {
  long sum = 0;
  auto body = [&](int value) -> task<> {
    co_await sleep_for(1ms);
    sum += value;
  };
  std::vector<join_handle<void>> all;
  for (int i = 0; i < 100'000; ++i) all.push_back(spawn(body, 1));
  CHECK(loop::current()->live() == 100'001);
  for (join_handle<void>& each : all) co_await each;
  CHECK(sum == 100'000);
}
