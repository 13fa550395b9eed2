#include <lariat/sched/executor/detail/inbox.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <array>
#include <atomic>
#include <thread>
#include <vector>

using namespace lariat;
using detail::inbox;
using detail::run_queue;

namespace {

struct step final : runnable {
  void run() noexcept override {}
  int producer = 0;
  int number = 0;
};

}  // namespace

TEST_CASE("the run queue gives steps first in, first out", "[sched][run_queue]") {
  run_queue queue;
  std::array<step, 3> steps;
  CHECK(queue.empty());
  CHECK(queue.pop() == nullptr);
  for (int round = 0; round < 2; ++round) {
    for (step& each : steps) queue.push(each);
    CHECK_FALSE(queue.empty());
    for (step& each : steps) CHECK(queue.pop() == &each);
    CHECK(queue.empty());
  }
}

TEST_CASE("the inbox gives steps in the order of arrival", "[sched][inbox]") {
  inbox box;
  run_queue queue;
  std::array<step, 5> steps;
  CHECK_FALSE(box.maybe_filled());
  CHECK_FALSE(box.drain(queue));
  for (step& each : steps) CHECK_FALSE(box.push(each));
  CHECK(box.maybe_filled());
  CHECK(box.drain(queue));
  for (step& each : steps) CHECK(queue.pop() == &each);
  CHECK(queue.empty());
  CHECK_FALSE(box.maybe_filled());
}

TEST_CASE("draining appends to what the queue holds", "[sched][inbox]") {
  inbox box;
  run_queue queue;
  step first;
  step second;
  queue.push(first);
  CHECK_FALSE(box.push(second));
  CHECK(box.drain(queue));
  CHECK(queue.pop() == &first);
  CHECK(queue.pop() == &second);
}

TEST_CASE("only the first push to a sleeping owner has to wake it", "[sched][inbox]") {
  inbox box;
  run_queue queue;
  std::array<step, 3> steps;
  CHECK(box.try_sleep());
  CHECK_FALSE(box.maybe_filled());
  CHECK(box.push(steps[0]));
  CHECK_FALSE(box.push(steps[1]));
  CHECK(box.drain(queue));
  CHECK_FALSE(box.push(steps[2]));  // Draining ended the sleep.
}

TEST_CASE("an owner does not sleep on a filled inbox", "[sched][inbox]") {
  inbox box;
  run_queue queue;
  step one;
  CHECK_FALSE(box.push(one));
  CHECK_FALSE(box.try_sleep());
  CHECK(box.drain(queue));
  CHECK(box.try_sleep());
  CHECK_FALSE(box.drain(queue));  // Woken for nothing: awake again.
  CHECK_FALSE(box.push(one));
}

TEST_CASE("several producers lose nothing, keep their order and wake once for each sleep",
          "[sched][inbox]") {
  constexpr int producers = 3;
  constexpr int count = 20'000;
  std::vector<std::vector<step>> steps(producers, std::vector<step>(count));
  inbox box;
  std::atomic<int> wakes = 0;  // As a driver counts them: a park consumes what has come.
  std::vector<std::thread> threads;
  for (int id = 0; id < producers; ++id) {
    threads.emplace_back([&, id] {
      for (int number = 0; number < count; ++number) {
        step& each = steps[static_cast<std::size_t>(id)][static_cast<std::size_t>(number)];
        each.producer = id;
        each.number = number;
        if (box.push(each)) {
          wakes.fetch_add(1);
          wakes.notify_one();
        }
      }
    });
  }
  run_queue queue;
  std::array<int, producers> next{};
  int taken = 0;
  int slept = 0;
  while (taken < producers * count) {
    if (box.try_sleep()) {
      wakes.wait(slept);  // Sleeps until somebody says so: a lost wake would hang here.
      ++slept;
      REQUIRE(wakes.load() == slept);
      REQUIRE(box.drain(queue));
    } else {
      REQUIRE(box.drain(queue));
    }
    while (runnable* step_taken = queue.pop()) {
      auto& each = static_cast<step&>(*step_taken);
      REQUIRE(each.number == next[static_cast<std::size_t>(each.producer)]++);
      ++taken;
    }
  }
  for (std::thread& each : threads) each.join();
  CHECK(taken == producers * count);
  CHECK(wakes.load() == slept);
}
