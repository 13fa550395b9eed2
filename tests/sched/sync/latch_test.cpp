#include "primitive_test.hpp"

#include <lariat/sched/sync/latch.hpp>

#include <memory>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<> pass(latch& gate, std::string& order, char letter) {
  co_await gate.wait();
  order += letter;
}

}  // namespace

LOOP_TEST_CASE("a latch opens at zero, and stays open", "[sched][latch]") {
  latch gate(3);
  std::string order;
  join_handle<void> a = spawn(pass, std::ref(gate), std::ref(order), 'a');
  join_handle<void> b = spawn(pass, std::ref(gate), std::ref(order), 'b');
  co_await settle();
  gate.count_down(2);
  co_await settle();
  CHECK(order.empty());
  CHECK_FALSE(gate.try_wait());
  gate.count_down();
  CHECK(gate.try_wait());
  co_await a;
  co_await b;
  CHECK(order == "ab");
  const std::uint64_t turns = loop::current()->turns();
  co_await gate.wait();
  CHECK(loop::current()->turns() == turns);
  latch open(0);
  co_await open.wait();
}

LOOP_TEST_CASE("a latch is not counted below zero", "[sched][latch]") {
  latch gate(1);
  const std::string text = logic_error_of([&] {
    gate.count_down(2);
    return 0;
  });
  CHECK(text.find("latch::count_down: more than are left") != text.npos);
  CHECK_FALSE(gate.try_wait());
  gate.count_down(0);
  gate.count_down();
  co_await gate.wait();
}

TEST_CASE("another thread that counts below zero ends the program", "[sched][latch]") {
  const std::string output = last_words_of_request([] { return std::make_unique<latch>(1); },
                                                   [](const auto& gate) { gate->count_down(2); });
  CHECK(output.find("latch::count_down, on another thread: more than are left") != output.npos);
}

THREAD_TEST_CASE("threads count down", "[sched][latch]") {
  latch gate(300);
  std::vector<std::thread> all;
  for (int i = 0; i < 3; ++i) {
    all.emplace_back([&] {
      for (int j = 0; j < 100; ++j) gate.count_down();
    });
  }
  co_await gate.wait();
  CHECK(gate.try_wait());
  for (std::thread& each : all) each.join();
}

LOOP_TEST_CASE("a wait for a latch can be cancelled", "[sched][latch]") {
  latch gate(1);
  std::string order;
  join_handle<void> a = spawn(pass, std::ref(gate), std::ref(order), 'a');
  co_await settle();
  a.cancel();
  const outcome<void> end = co_await as_result(a);
  CHECK(end.cancelled());
  CHECK(order.empty());
}
