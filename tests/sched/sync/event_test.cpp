#include "count_allocations.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/sync/event.hpp>

#include <memory>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<> pass(event& gate, std::string& order, char letter) {
  co_await gate.wait();
  order += letter;
}

}  // namespace

LOOP_TEST_CASE("an event lets nobody pass until it is set, then everybody", "[sched][event]") {
  event gate;
  std::string order;
  std::vector<join_handle<void>> all;
  for (const char letter : {'a', 'b', 'c'}) {
    all.push_back(spawn(pass, std::ref(gate), std::ref(order), letter));
  }
  co_await settle();
  CHECK(order.empty());
  CHECK_FALSE(gate.is_set());
  gate.set();
  CHECK(order.empty());  // Nobody runs inside `set`.
  for (join_handle<void>& each : all) co_await each;
  CHECK(order == "abc");
  const std::uint64_t turns = loop::current()->turns();
  co_await gate.wait();
  CHECK(loop::current()->turns() == turns);
}

LOOP_TEST_CASE("set wakes all who wait even if the event is cleared at once", "[sched][event]") {
  event gate;
  std::string order;
  join_handle<void> a = spawn(pass, std::ref(gate), std::ref(order), 'a');
  join_handle<void> b = spawn(pass, std::ref(gate), std::ref(order), 'b');
  co_await settle();
  gate.set();
  gate.clear();
  join_handle<void> late = spawn(pass, std::ref(gate), std::ref(order), 'l');
  co_await a;
  co_await b;
  co_await settle();
  CHECK(order == "ab");
  gate.set();
  co_await late;
  CHECK(order == "abl");
}

LOOP_TEST_CASE("a cancelled wait leaves the others", "[sched][event]") {
  event gate;
  std::string order;
  join_handle<void> a = spawn(pass, std::ref(gate), std::ref(order), 'a');
  join_handle<void> b = spawn(pass, std::ref(gate), std::ref(order), 'b');
  join_handle<void> c = spawn(pass, std::ref(gate), std::ref(order), 'c');
  co_await settle();
  b.cancel();
  b.cancel();
  const outcome<void> end = co_await as_result(b);
  CHECK(end.cancelled());
  gate.set();
  co_await a;
  co_await c;
  CHECK(order == "ac");
}

LOOP_TEST_CASE("a wait that was woken is not cancelled any more", "[sched][event]") {
  event gate;
  std::string order;
  auto body = [&]() -> task<> {
    co_await gate.wait();
    order += 'p';
    co_await yield();
    order += '?';
  };
  join_handle<void> a = spawn(body);
  co_await settle();
  gate.set();
  a.cancel();
  const outcome<void> end = co_await as_result(a);
  CHECK(end.cancelled());
  CHECK(order == "p");
}

LOOP_TEST_CASE("an event and a deadline: whichever is first", "[sched][event]") {
  event gate;
  bool late = false;
  try {
    co_await timeout(5ms, gate.wait());
  } catch (const timeout_error&) {
    late = true;
  }
  CHECK(late);
  auto opener = [&]() -> task<> {
    co_await sleep_for(5ms);
    gate.set();
  };
  co_await when_all(timeout(6ms, gate.wait()), opener());
}

LOOP_TEST_CASE("waiting for an event that is set starves nobody", "[sched][event]") {
  event gate;
  gate.set();
  bool other_ran = false;
  auto other = [&]() -> task<> {
    other_ran = true;
    co_return;
  };
  join_handle<void> handle = spawn(other);
  int waits = 0;
  for (; !other_ran && waits < 1'000'000; ++waits) co_await gate.wait();
  CHECK(waits <= 128);
  co_await handle;
}

TEST_CASE("an event that a task waits for ends the program when it goes", "[sched][event]") {
  constexpr int wait_line = __LINE__ + 3;
  const std::string output = last_words_of([]() -> task<> {
    auto gate = std::make_unique<event>();
    auto body = [&]() -> task<> { co_await gate->wait(); };
    join_handle<void> other = spawn({.name = "guest"}, body);
    co_await settle();
    gate.reset();
  });
  INFO(output);
  CHECK(output.find("what a task waits for was destroyed: task ") != output.npos);
  CHECK(output.find(" \"guest\" (spawned at ") != output.npos);
  CHECK(output.find("event_test.cpp:" + std::to_string(wait_line) + ". End the tasks") !=
        output.npos);
}

#if COUNT_ALLOCATIONS
LOOP_TEST_CASE("waiting for an event allocates nothing", "[sched][event][allocation]") {
  event gate;
  const auto step = [&]() -> task<> {
    gate.clear();
    auto body = [&]() -> task<> { co_await gate.wait(); };
    join_handle<void> other = spawn(body);
    co_await yield();
    gate.set();
    co_await other;
  };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(during == 0);
}
#endif
