#include "own_loop.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/concurrent/concurrent_event.hpp>
#include <lariat/sched/task/spawn.hpp>

#include <functional>
#include <string>
#include <thread>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<> pass(concurrent_event& gate, std::string& order, char letter) {
  co_await gate.wait();
  order += letter;
}

}  // namespace

LOOP_TEST_CASE("an open concurrent_event is passed without a turn of the loop",
               "[sched][concurrent_event]") {
  concurrent_event gate;
  CHECK_FALSE(gate.is_set());
  gate.clear();
  gate.set();
  gate.set();
  CHECK(gate.is_set());
  const std::uint64_t turns = loop::current()->turns();
  co_await gate.wait();
  CHECK(loop::current()->turns() == turns);
  CHECK(gate.is_set());
  gate.clear();
  CHECK_FALSE(gate.is_set());
}

LOOP_TEST_CASE("concurrent_event::set wakes all in order, even if clear follows",
               "[sched][concurrent_event]") {
  concurrent_event gate;
  std::string order;
  join_handle<void> a = spawn(pass, std::ref(gate), std::ref(order), 'a');
  join_handle<void> b = spawn(pass, std::ref(gate), std::ref(order), 'b');
  co_await settle();
  gate.clear();
  CHECK(order.empty());
  gate.set();
  gate.clear();
  CHECK_FALSE(gate.is_set());
  join_handle<void> c = spawn(pass, std::ref(gate), std::ref(order), 'c');
  co_await settle();
  CHECK(order == "ab");
  gate.set();
  co_await c;
  CHECK(order == "abc");
  co_await a;
  co_await b;
}

LOOP_TEST_CASE("a wait for a concurrent_event can be cancelled", "[sched][concurrent_event]") {
  concurrent_event gate;
  std::string order;
  join_handle<void> a = spawn(pass, std::ref(gate), std::ref(order), 'a');
  join_handle<void> b = spawn(pass, std::ref(gate), std::ref(order), 'b');
  co_await settle();
  a.cancel();
  co_await settle();
  CHECK(a.done());
  gate.set();
  b.cancel();  // It was woken: the cancel is too late.
  co_await b;
  CHECK(order == "b");
}

LOOP_TEST_CASE("a timeout ends a wait for a concurrent_event", "[sched][concurrent_event]") {
  concurrent_event gate;
  bool late = false;
  try {
    co_await timeout(1ms, gate.wait());
  } catch (const timeout_error&) {
    late = true;
  }
  CHECK(late);
}

TEST_CASE("threads wait for a concurrent_event, for a time or until stop",
          "[sched][concurrent_event]") {
  concurrent_event gate;
  CHECK_FALSE(gate.wait_blocking_for(1ms));
  stop_source stop;
  std::thread stopper([&stop] { stop.request_stop(); });
  CHECK_FALSE(gate.wait_blocking(stop.get_token()));
  stopper.join();
  int number = 0;
  std::thread setter([&] {
    number = 1;
    gate.set();
  });
  gate.wait_blocking();
  CHECK(number == 1);
  setter.join();
  CHECK(gate.wait_blocking_for(0ms));
  CHECK(gate.wait_blocking(stop.get_token()));
}

LOOP_TEST_CASE("wait_blocking is refused on a loop", "[sched][concurrent_event]") {
  concurrent_event gate;
  const std::string text = logic_error_of([&] {
    gate.wait_blocking();
    return 0;
  });
  CHECK(text.find("concurrent_event::wait_blocking") != std::string::npos);
  co_return;
}

TEST_CASE("two loops hand a number to and fro by concurrent_events", "[sched][concurrent_event]") {
  constexpr int times = 2000;
  concurrent_event ping;
  concurrent_event pong;
  int number = 0;
  std::thread other([&] {
    run_on_own_loop([&]() -> task<> {
      for (int i = 0; i < times; ++i) {
        co_await ping.wait();
        ping.clear();
        ++number;
        pong.set();
      }
    });
  });
  run_on_futex_loop([&]() -> task<> {
    for (int i = 0; i < times; ++i) {
      ++number;
      ping.set();
      co_await pong.wait();
      pong.clear();
    }
  });
  other.join();
  CHECK(number == 2 * times);
}
