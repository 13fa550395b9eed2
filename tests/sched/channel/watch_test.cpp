#include "combinator_test.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/channel/watch.hpp>

#include <optional>
#include <string>

using namespace lariat;
using namespace std::chrono_literals;

LOOP_TEST_CASE("a receiver sees the latest value, and changes that came together as one",
               "[sched][watch]") {
  watch<std::string> state("start");
  watch<std::string>::receiver receiver = state.subscribe();
  CHECK(receiver.get() == "start");
  state.set("one");
  state.set("two");
  const std::uint64_t turns = loop::current()->turns();
  const bool changed = co_await receiver.changed();
  CHECK(changed);
  CHECK(loop::current()->turns() == turns);
  CHECK(receiver.get() == "two");
  CHECK(state.get() == "two");
  std::optional<bool> again = co_await try_timeout(1ms, receiver.changed());
  CHECK_FALSE(again);
}

LOOP_TEST_CASE("a receiver has seen what was set before it subscribed", "[sched][watch]") {
  watch<int> state(0);
  state.set(1);
  watch<int>::receiver receiver = state.subscribe();
  const std::optional<bool> none = co_await try_timeout(1ms, receiver.changed());
  CHECK_FALSE(none);
  state.set(2);
  const bool changed = co_await receiver.changed();
  CHECK(changed);
}

LOOP_TEST_CASE("all receivers that wait are woken", "[sched][watch]") {
  watch<int> state(0);
  std::string seen;
  auto body = [&](char letter) -> task<> {
    watch<int>::receiver receiver = state.subscribe();
    for (int i = 0; i < 2; ++i) {
      const bool changed = co_await receiver.changed();
      CHECK(changed);
      seen += letter + std::to_string(receiver.get());
    }
  };
  join_handle<void> a = spawn(body, 'a');
  join_handle<void> b = spawn(body, 'b');
  co_await settle();
  state.set(1);
  co_await settle();
  CHECK(seen == "a1b1");
  state.modify([](int& value) { value = 7; });
  co_await a;
  co_await b;
  CHECK(seen == "a1b1a7b7");
}

LOOP_TEST_CASE("modify wakes nobody if it says that nothing has changed", "[sched][watch]") {
  watch<int> state(0);
  watch<int>::receiver receiver = state.subscribe();
  state.modify([](int& value) {
    value = 1;
    return false;
  });
  const std::optional<bool> none = co_await try_timeout(1ms, receiver.changed());
  CHECK_FALSE(none);
  CHECK(receiver.get() == 1);
  state.modify([](int&) { return true; });
  const bool changed = co_await receiver.changed();
  CHECK(changed);
}

LOOP_TEST_CASE("wait_for ends when the predicate holds", "[sched][watch]") {
  watch<int> state(0);
  auto body = [&]() -> task<bool> {
    watch<int>::receiver receiver = state.subscribe();
    const bool holds = co_await receiver.wait_for([](const int& value) { return value >= 3; });
    co_return holds;
  };
  join_handle<bool> waiter = spawn(body);
  for (int i = 1; i <= 3; ++i) {
    co_await settle();
    CHECK_FALSE(waiter.done());
    state.set(i);
  }
  const bool holds = co_await waiter;
  CHECK(holds);
}

LOOP_TEST_CASE("a closed watch gives its last change, then no more", "[sched][watch]") {
  watch<int> state(0);
  watch<int>::receiver receiver = state.subscribe();
  watch<int>::receiver copy = receiver;
  state.set(1);
  on_other_thread([&] { state.close(); });
  const bool last = co_await receiver.changed();
  const bool none = co_await receiver.changed();
  CHECK(last);
  CHECK_FALSE(none);
  const bool of_copy = co_await copy.changed();
  CHECK(of_copy);
  const bool holds = co_await copy.wait_for([](const int& value) { return value == 2; });
  CHECK_FALSE(holds);
  CHECK_THROWS_AS(state.set(2), std::logic_error);
}

LOOP_TEST_CASE("a cancelled receiver misses no change", "[sched][watch]") {
  watch<int> state(0);
  watch<int>::receiver receiver = state.subscribe();
  const std::optional<bool> none = co_await try_timeout(1ms, receiver.changed());
  CHECK_FALSE(none);
  state.set(1);
  const bool changed = co_await receiver.changed();
  CHECK(changed);
}

LOOP_TEST_CASE("a close wakes those who wait", "[sched][watch]") {
  watch<int> state(0);
  auto wait = [&]() -> task<bool> {
    watch<int>::receiver receiver = state.subscribe();
    co_return co_await receiver.changed();
  };
  join_handle<bool> first = spawn(wait);
  join_handle<bool> second = spawn(wait);
  co_await settle();
  state.close();
  const bool one = co_await first;
  const bool two = co_await second;
  CHECK_FALSE(one);
  CHECK_FALSE(two);
  CHECK_THROWS_AS(state.modify([](int& value) { value = 1; }), std::logic_error);
  CHECK(state.get() == 0);
}

LOOP_TEST_CASE("wait_for looks before it waits, and changed not under a cancel", "[sched][watch]") {
  watch<int> state(3);
  watch<int>::receiver receiver = state.subscribe();
  const std::optional<bool> holds =
      co_await try_timeout(1ms, receiver.wait_for([](const int& value) { return value == 3; }));
  CHECK(holds == true);
  state.set(4);
  const std::string end =
      co_await end_under_cancel([&]() -> task<> { (void)co_await receiver.changed(); });
  CHECK(end == "cancelled early");
  const std::optional<bool> changed = co_await try_timeout(1ms, receiver.changed());
  CHECK(changed == true);
}

LOOP_TEST_CASE("a close by another thread happens when the loop hears of it", "[sched][watch]") {
  watch<int> state(0);
  watch<int>::receiver receiver = state.subscribe();
  on_other_thread([&] { state.close(); });
  CHECK_NOTHROW(state.set(1));
  const bool last = co_await receiver.changed();
  const bool none = co_await receiver.changed();
  CHECK(last);
  CHECK_FALSE(none);
  CHECK_THROWS_AS(state.set(2), std::logic_error);
}

LOOP_TEST_CASE("only tasks of its loop use a watch", "[sched][watch]") {
  watch<int> state(0);
  std::string refusals;
  on_other_thread([&] {
    refusals += logic_error_of([&] { return state.get(); });
    refusals += logic_error_of([&] { return state.subscribe(); });
    refusals += logic_error_of([&] { return state.set(1), 0; });
  });
  for (const char* const name : {"watch::get", "watch::subscribe", "watch::set"}) {
    CHECK(refusals.find(name) != refusals.npos);
  }
  CHECK(state.get() == 0);
  co_return;
}
