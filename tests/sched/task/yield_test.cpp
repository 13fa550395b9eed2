#include "fake_loop.hpp"

#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/yield.hpp>

#include <string>

using namespace lariat;

LOOP_TEST_CASE("yield lets every other ready task run once", "[sched][yield]") {
  std::string order;
  auto speak = [&](char letter) -> task<> {
    for (int i = 0; i < 3; ++i) {
      order += letter;
      co_await yield();
    }
  };
  join_handle<void> a = spawn(speak, 'a');
  join_handle<void> b = spawn(speak, 'b');
  join_handle<void> c = spawn(speak, 'c');
  co_await a;
  co_await b;
  co_await c;
  CHECK(order == "abcabcabc");
}

LOOP_TEST_CASE("yield delivers a cancel that came before it or meanwhile", "[sched][yield]") {
  int reached = 0;
  auto body = [&]() -> task<> {
    reached = 1;
    co_await yield();
    reached = 2;
    co_await yield();
    reached = 3;
  };
  join_handle<void> handle = spawn(body);
  co_await yield();
  CHECK(reached == 1);
  handle.cancel("meanwhile");
  outcome<void> end = co_await as_result(handle);
  CHECK(end.cancelled());
  CHECK(reached == 1);
}

LOOP_TEST_CASE("a million yields do not grow the stack", "[sched][yield]") {
  int count = 0;
  for (; count < 1'000'000; ++count) co_await yield();
  CHECK(count == 1'000'000);
}
