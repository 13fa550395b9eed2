// What becomes of those who wait for what threads share when their runtime is shut down.

#include <lariat/runtime/run/runtime.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/concurrent/concurrent_event.hpp>
#include <lariat/sched/concurrent/concurrent_mutex.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/task.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <atomic>
#include <thread>

using namespace lariat;

TEST_CASE("a shutdown ends waits for what another thread holds", "[runtime][concurrent]") {
  concurrent_mutex door;
  concurrent_event never;
  std::atomic<int> waiting = 0;
  concurrent_mutex::guard mine = door.lock_blocking();
  {
    runtime machine({.loops = 2});
    machine.start();
    const auto lock = [&]() -> task<> {
      ++waiting;
      const concurrent_mutex::guard guard = co_await door.lock();
    };
    const auto wait = [&]() -> task<> {
      ++waiting;
      co_await never.wait();
    };
    auto first = machine.spawner_at(0).spawn(lock);
    auto second = machine.spawner_at(1).spawn(wait);
    while (waiting != 2) std::this_thread::yield();
    machine.shutdown();
    CHECK_THROWS_AS(first.get(), operation_cancelled);
    CHECK_THROWS_AS(second.get(), operation_cancelled);
  }
  never.set();
  mine.unlock();
  CHECK_FALSE(door.locked());
}
