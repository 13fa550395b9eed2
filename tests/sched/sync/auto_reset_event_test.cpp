#include "primitive_test.hpp"

#include <lariat/sched/sync/auto_reset_event.hpp>

#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<> pass(auto_reset_event& turnstile, std::string& order, char letter) {
  co_await turnstile.wait();
  order += letter;
}

}  // namespace

LOOP_TEST_CASE("each set lets one pass, in the order of coming", "[sched][auto_reset_event]") {
  auto_reset_event turnstile;
  std::string order;
  std::vector<join_handle<void>> all;
  for (const char letter : {'a', 'b', 'c'}) {
    all.push_back(spawn(pass, std::ref(turnstile), std::ref(order), letter));
  }
  co_await settle();
  turnstile.set();
  co_await settle();
  CHECK(order == "a");
  turnstile.set();
  turnstile.set();
  for (join_handle<void>& each : all) co_await each;
  CHECK(order == "abc");
}

LOOP_TEST_CASE("a set with nobody waiting is remembered, once", "[sched][auto_reset_event]") {
  auto_reset_event turnstile;
  turnstile.set();
  turnstile.set();
  const std::uint64_t turns = loop::current()->turns();
  co_await turnstile.wait();
  CHECK(loop::current()->turns() == turns);
  bool late = false;
  try {
    co_await timeout(1ms, turnstile.wait());
  } catch (const timeout_error&) {
    late = true;
  }
  CHECK(late);
}

LOOP_TEST_CASE("set_all wakes those who wait and is not remembered", "[sched][auto_reset_event]") {
  auto_reset_event turnstile;
  std::string order;
  turnstile.set_all();
  join_handle<void> a = spawn(pass, std::ref(turnstile), std::ref(order), 'a');
  join_handle<void> b = spawn(pass, std::ref(turnstile), std::ref(order), 'b');
  co_await settle();
  CHECK(order.empty());
  turnstile.set_all();
  co_await a;
  co_await b;
  CHECK(order == "ab");
}

LOOP_TEST_CASE("a cancelled wait uses no set up", "[sched][auto_reset_event]") {
  auto_reset_event turnstile;
  std::string order;
  join_handle<void> a = spawn(pass, std::ref(turnstile), std::ref(order), 'a');
  join_handle<void> b = spawn(pass, std::ref(turnstile), std::ref(order), 'b');
  co_await settle();
  a.cancel();
  turnstile.set();
  const outcome<void> end = co_await as_result(a);
  CHECK(end.cancelled());
  co_await b;
  CHECK(order == "b");
}

LOOP_TEST_CASE("sets of another thread each count", "[sched][auto_reset_event]") {
  auto_reset_event turnstile;
  std::string order;
  join_handle<void> a = spawn(pass, std::ref(turnstile), std::ref(order), 'a');
  join_handle<void> b = spawn(pass, std::ref(turnstile), std::ref(order), 'b');
  co_await settle();
  on_other_thread([&] {
    for (int i = 0; i < 3; ++i) turnstile.set();  // Arrive together: two pass, one is remembered.
  });
  co_await a;
  co_await b;
  CHECK(order == "ab");
  co_await turnstile.wait();
  join_handle<void> c = spawn(pass, std::ref(turnstile), std::ref(order), 'c');
  join_handle<void> d = spawn(pass, std::ref(turnstile), std::ref(order), 'd');
  co_await settle();
  on_other_thread([&] { turnstile.set_all(); });
  co_await c;
  co_await d;
  CHECK(order == "abcd");
}
