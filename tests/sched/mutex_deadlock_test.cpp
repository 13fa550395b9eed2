#include "../primitive_test.hpp"

#include <lariat/sched/detail/wait_chain.hpp>
#include <lariat/sched/mutex.hpp>
#include <lariat/sched/select.hpp>
#include <lariat/sched/task_group.hpp>
#include <lariat/sched/when_all.hpp>
#include <lariat/sched/when_any.hpp>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

// Locks one, lets others run, and locks the other.
task<> lock_both(mutex& first, mutex& second) {
  mutex::guard held = co_await first.lock();
  co_await sleep_for(1s);
  mutex::guard both = co_await second.lock();
}

template <class T>
task<std::string> complaint_of(join_handle<T>& handle) {
  std::string text;
  try {
    (void)co_await handle;
  } catch (const std::logic_error& error) {
    text = error.what();
  }
  co_return text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// In builds without assertions the environment has to ask for it, as meson's tests do.
#define SKIP_WITHOUT_CHECKS() \
  if (!detail::deadlock_checks()) co_return

}  // namespace

LOOP_TEST_CASE("two tasks that lock two mutexes in different orders are told so",
               "[sched][mutex]") {
  SKIP_WITHOUT_CHECKS();
  mutex a;
  mutex b;
  auto first = spawn({.name = "first"}, lock_both, std::ref(a), std::ref(b));
  auto second = spawn({.name = "second"}, lock_both, std::ref(b), std::ref(a));
  const std::string complaint = co_await complaint_of(second);
  CHECK(contains(complaint, "resource deadlock would occur"));
  CHECK(contains(complaint, "\"second\" awaits at "));
  CHECK(contains(complaint, "\"first\" awaits mutex::lock at "));
  CHECK(contains(complaint, "mutex_deadlock_test.cpp:24"));
  CHECK(contains(complaint, "holds since "));
  CHECK(contains(complaint, "mutex_deadlock_test.cpp:22"));
  co_await first;  // It has both now: the other one gave up.
}

LOOP_TEST_CASE("a deadlock through other tasks is found", "[sched][mutex]") {
  SKIP_WITHOUT_CHECKS();
  mutex a;
  mutex b;
  mutex c;
  auto first = spawn({.name = "first"}, lock_both, std::ref(a), std::ref(b));
  auto second = spawn({.name = "second"}, lock_both, std::ref(b), std::ref(c));
  auto third = spawn(lock_both, std::ref(c), std::ref(a));
  const std::string complaint = co_await complaint_of(third);
  CHECK(contains(complaint, "resource deadlock would occur"));
  // In the order in which one waits for the next.
  const std::size_t one = complaint.find("\"first\" awaits mutex::lock at ");
  const std::size_t two = complaint.find("; task", one);
  const std::size_t three = complaint.find("\"second\" awaits mutex::lock at ", two);
  CHECK(three != complaint.npos);
  co_await first;
  co_await second;
}

LOOP_TEST_CASE("a child that locks what its parent holds is told so", "[sched][mutex]") {
  SKIP_WITHOUT_CHECKS();
  mutex door;
  auto lock = [&]() -> task<> { mutex::guard held = co_await door.lock(); };
  mutex::guard held = co_await door.lock();
  const std::string of_all =
      co_await logic_error_in([&]() -> task<> { co_await when_all(lock(), sleep_for(1s)); });
  CHECK(contains(of_all, "awaits when_all at "));
  auto joined = spawn(lock);
  const std::string of_join = co_await complaint_of(joined);
  CHECK(contains(of_join, "awaits join at "));
}

LOOP_TEST_CASE("who only may wait for ever is no deadlock", "[sched][mutex]") {
  mutex door;
  mutex other;
  auto lock = [&](mutex& wanted) -> task<int> {
    mutex::guard held = co_await wanted.lock();
    co_return 1;
  };
  auto after_a_second = []() -> task<int> {
    co_await sleep_for(1s);
    co_return 2;
  };
  {
    mutex::guard held = co_await door.lock();
    const auto first = co_await when_any(lock(door), after_a_second());
    CHECK(first.index == 1);
    const auto late = co_await try_timeout(1s, lock(door));
    CHECK_FALSE(late.has_value());
  }
  // A chain that ends with somebody who runs.
  auto chain = spawn(lock_both, std::ref(door), std::ref(other));
  mutex::guard held = co_await other.lock();
  co_await sleep_for(2s);
  auto waiting = spawn(lock, std::ref(door));
  co_await settle();
  held.unlock();
  co_await chain;
  co_await waiting;
}

LOOP_TEST_CASE("a way that need not be gone is no deadlock", "[sched][mutex]") {
  SKIP_WITHOUT_CHECKS();
  mutex door;
  const auto wait_for_a_second = [&](bool by_select) -> task<bool> {
    auto lock = [&]() -> task<> { mutex::guard held = co_await door.lock(); };
    if (by_select) {
      auto [locked, late] = co_await select(lock(), sleep_for(1s));
      co_return late.has_value();
    }
    std::vector<task<>> both;
    both.push_back(lock());
    both.push_back([]() -> task<> { co_await sleep_for(1s); }());
    const std::vector<outcome<void>> ends = co_await select(std::move(both));
    co_return ends[1].has_value();
  };
  mutex::guard held = co_await door.lock();
  for (const bool by_select : {true, false}) {
    join_handle<bool> other = spawn(wait_for_a_second, by_select);
    const bool late = co_await other;
    CHECK(late);
  }
}

LOOP_TEST_CASE("tasks that wait for each other but not for this one are no deadlock of it",
               "[sched][mutex]") {
  SKIP_WITHOUT_CHECKS();
  mutex door;
  join_handle<void> first;
  join_handle<void> second;
  first = spawn([&]() -> task<> {
    mutex::guard held = co_await door.lock();
    co_await yield();
    co_await shield(second);  // Or a cancel would go round.
  });
  second = spawn([&]() -> task<> { co_await shield(first); });
  co_await settle();
  auto lock = [&]() -> task<> { mutex::guard held = co_await door.lock(); };
  const auto locked = co_await try_timeout(1s, lock());
  CHECK_FALSE(locked.has_value());
  first.cancel();
  const outcome<void> end = co_await as_result(second);
  CHECK(end.cancelled());
}

LOOP_TEST_CASE("who gave a mutex up may want it again, whoever has it now", "[sched][mutex]") {
  mutex door;
  auto lock_for_a_second = [&]() -> task<> {
    mutex::guard held = co_await door.lock();
    co_await sleep_for(1s);
  };
  {
    mutex::guard held = co_await door.lock();
    spawn(lock_for_a_second).detach();
    co_await settle();
  }
  { mutex::guard again = co_await door.lock(); }  // It was handed over in between.
  mutex::guard tried = door.try_lock();
  auto unlock_later = [&]() -> task<> {
    co_await sleep_for(1s);
    tried.unlock();
  };
  auto unlocking = spawn(unlock_later);
  { mutex::guard again = co_await door.lock(); }
  co_await unlocking;
}

TEST_CASE("deadlocks are looked for with assertions, and when the environment asks",
          "[sched][mutex]") {
  const char* const asked = std::getenv("LARIAT_DEBUG");
  bool expected = asked != nullptr && std::string(asked) == "1";
#ifndef NDEBUG
  expected = true;
#endif
  CHECK(detail::deadlock_checks() == expected);
}
