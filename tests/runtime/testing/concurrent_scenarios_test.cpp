// The primitives that threads share, under every cancel, in simulation: nobody waits for ever,
// nothing is held by nobody.

#include "scenarios.hpp"

#include <lariat/sched/concurrent/concurrent_event.hpp>
#include <lariat/sched/concurrent/concurrent_mutex.hpp>
#include <lariat/sched/concurrent/concurrent_semaphore.hpp>
#include <lariat/sched/concurrent/concurrent_watch.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <chrono>
#include <cstddef>
#include <exception>

using namespace lariat;
using namespace std::chrono_literals;
using testing::require;
using testing::simulation;

namespace {

// Runs `body(world)` disturbed at every point.
template <class Body>
void everywhere(std::uint64_t seed_count, Body body) {
  testing::cancel_everywhere(sweep(seed_count), [&](simulation& world) { world.run(body(world)); });
}

auto some_time(simulation& world) {
  return sleep_for(std::chrono::nanoseconds(world.random(50'000)));
}

// Runs the functions, which give tasks, and then `check()`, whatever ends them.
template <class Check, class... Functions>
task<> all_then(Check check, Functions... functions) {
  std::exception_ptr end;
  try {
    co_await when_all(functions()...);
  } catch (...) {
    end = std::current_exception();
  }
  check();
  if (end != nullptr) std::rethrow_exception(end);
}

}  // namespace

TEST_CASE("a concurrent_mutex may be waited for and cancelled anywhere", "[testing][concurrent]") {
  everywhere(10, [](simulation& world) -> task<> {
    concurrent_mutex door;
    int inside = 0;
    const auto enter = [&]() -> task<> {
      co_await some_time(world);
      const concurrent_mutex::guard held = co_await door.lock();
      require(++inside == 1, "two are inside");
      struct leave {
        int& count;
        ~leave() { --count; }
      } const at_end{inside};
      co_await some_time(world);
    };
    const auto limited = [&]() -> task<> { (void)co_await try_timeout(20us, enter()); };
    const auto on_pool = [&]() -> task<> { co_await to_pool(enter); };
    const auto check = [&] {
      require(inside == 0, "somebody is inside");
      require(door.try_lock().owns_lock(), "nobody holds it, and it is locked");
    };
    co_await all_then(check, enter, limited, on_pool, enter);
  });
}

TEST_CASE("a concurrent_semaphore loses no permit, whatever is cancelled",
          "[testing][concurrent]") {
  everywhere(10, [](simulation& world) -> task<> {
    concurrent_semaphore permits(3, 3);
    const auto take = [&](std::size_t count) -> task<> {
      co_await some_time(world);
      const concurrent_semaphore::permit held = co_await permits.acquire(count);
      co_await some_time(world);
    };
    const auto one = [&] { return take(1); };
    const auto two = [&] { return take(2); };
    const auto all = [&] { return take(3); };
    const auto limited = [&]() -> task<> { (void)co_await try_timeout(20us, take(2)); };
    const auto check = [&] { require(permits.available() == 3, "a permit is lost"); };
    co_await all_then(check, two, all, one, limited, one);
  });
}

TEST_CASE("a concurrent_event and a concurrent_watch let everybody through",
          "[testing][concurrent]") {
  everywhere(10, [](simulation& world) -> task<> {
    concurrent_event gate;
    concurrent_watch<int> level(0);
    const auto wait = [&]() -> task<> {
      auto news = level.subscribe();
      co_await gate.wait();
      while (*news.get() < 3) {
        const bool changed = co_await news.changed();
        require(changed, "it was closed before its last value");
      }
    };
    const auto set = [&]() -> task<> {
      co_await some_time(world);
      gate.set();
      for (int i = 1; i <= 3; ++i) {
        co_await some_time(world);
        level.set(i);
      }
      level.close();
    };
    const auto check = [] {};
    co_await all_then(check, wait, set, wait);
  });
}
