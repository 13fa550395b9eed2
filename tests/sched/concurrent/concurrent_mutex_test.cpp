#include "count_allocations.hpp"
#include "own_loop.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/concurrent/concurrent_event.hpp>
#include <lariat/sched/concurrent/concurrent_mutex.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/spawn.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

// As for mutex.
template <class T>
concept basic_lockable = requires(T& lock) { lock.unlock(); };
static_assert(!basic_lockable<concurrent_mutex>);

namespace {

// Takes the lock, notes it, holds it for a turn.
task<> enter(concurrent_mutex& door, std::string& order, char letter) {
  const concurrent_mutex::guard guard = co_await door.lock();
  order += letter;
  co_await yield();
}

// Adds to a plain number under the lock, with an await between reading and writing now and then.
task<> count_up(concurrent_mutex& door, long& number, int times) {
  for (int i = 0; i < times; ++i) {
    const concurrent_mutex::guard guard = co_await door.lock();
    const long seen = number;
    if (i % 16 == 0) co_await yield();
    number = seen + 1;
  }
}

}  // namespace

#if COUNT_ALLOCATIONS
LOOP_TEST_CASE("a free concurrent_mutex is taken and given up without memory",
               "[sched][concurrent_mutex]") {
  concurrent_mutex door;
  const auto once = [&]() -> task<> {
    (void)co_await door.lock();
    co_return;
  };
  const std::uint64_t more = co_await allocations_once_warm(once);
  CHECK(more == 0);
}
#endif

LOOP_TEST_CASE("a free concurrent_mutex is locked without a turn of the loop",
               "[sched][concurrent_mutex]") {
  concurrent_mutex door;
  const std::uint64_t turns = loop::current()->turns();
  {
    const concurrent_mutex::guard guard = co_await door.lock();
    CHECK(guard.owns_lock());
    CHECK(door.locked());
    CHECK_FALSE(door.try_lock().owns_lock());
  }
  CHECK_FALSE(door.locked());
  CHECK(door.try_lock().owns_lock());
  CHECK_FALSE(door.locked());
  CHECK(loop::current()->turns() == turns);
}

LOOP_TEST_CASE("a concurrent_mutex goes to those who wait in the order of their coming",
               "[sched][concurrent_mutex]") {
  concurrent_mutex door;
  std::string order;
  std::vector<join_handle<void>> all;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    all.push_back(spawn(enter, std::ref(door), std::ref(order), letter));
  }
  for (join_handle<void>& each : all) co_await each;
  CHECK(order == "abcd");
  CHECK_FALSE(door.locked());
}

LOOP_TEST_CASE("who was handed the concurrent_mutex has it before it runs",
               "[sched][concurrent_mutex]") {
  concurrent_mutex door;
  std::string order;
  concurrent_mutex::guard mine = co_await door.lock();
  join_handle<void> other = spawn(enter, std::ref(door), std::ref(order), 'b');
  co_await settle();
  mine.unlock();
  CHECK(door.locked());
  CHECK_FALSE(door.try_lock().owns_lock());
  {
    const concurrent_mutex::guard again = co_await door.lock();
    order += 'a';
  }
  co_await other;
  CHECK(order == "ba");
}

LOOP_TEST_CASE("a cancelled wait for a concurrent_mutex is skipped", "[sched][concurrent_mutex]") {
  concurrent_mutex door;
  std::string order;
  concurrent_mutex::guard mine = co_await door.lock();
  join_handle<void> first = spawn(enter, std::ref(door), std::ref(order), 'a');
  join_handle<void> second = spawn(enter, std::ref(door), std::ref(order), 'b');
  co_await settle();
  first.cancel();
  co_await settle();
  CHECK(first.done());
  mine.unlock();
  co_await second;
  CHECK(order == "b");
  CHECK_THROWS_AS(first.get(), operation_cancelled);

  mine = co_await door.lock();
  join_handle<void> last = spawn(enter, std::ref(door), std::ref(order), 'c');
  co_await settle();
  last.cancel();
  co_await settle();
  mine.unlock();
  CHECK_FALSE(door.locked());
}

LOOP_TEST_CASE("a cancel before the wait for a concurrent_mutex takes no lock",
               "[sched][concurrent_mutex]") {
  concurrent_mutex door;
  std::string order;
  join_handle<void> early = spawn(enter, std::ref(door), std::ref(order), 'a');
  early.cancel();
  co_await settle();
  CHECK(order.empty());
  CHECK_FALSE(door.locked());
}

LOOP_TEST_CASE("a cancel that comes after the concurrent_mutex was handed over stays pending",
               "[sched][concurrent_mutex]") {
  concurrent_mutex door;
  std::string order;
  concurrent_mutex::guard mine = co_await door.lock();
  join_handle<void> other = spawn(enter, std::ref(door), std::ref(order), 'b');
  co_await settle();
  mine.unlock();
  other.cancel();  // It has the lock, and is cancelled in its yield.
  co_await settle();
  CHECK(order == "b");
  CHECK_THROWS_AS(other.get(), operation_cancelled);
  CHECK_FALSE(door.locked());
}

LOOP_TEST_CASE("a timeout ends a wait for a concurrent_mutex", "[sched][concurrent_mutex]") {
  concurrent_mutex door;
  concurrent_mutex::guard mine = co_await door.lock();
  bool late = false;
  try {
    (void)co_await timeout(1ms, door.lock());
  } catch (const timeout_error&) {
    late = true;
  }
  CHECK(late);
  mine.unlock();
  CHECK_FALSE(door.locked());
}

LOOP_TEST_CASE("a task that would wait for itself at a concurrent_mutex is told",
               "[sched][concurrent_mutex]") {
  concurrent_mutex door;
  concurrent_mutex::guard mine = co_await door.lock();
  const auto again = [&door]() -> task<> { (void)co_await door.lock(); };
  const std::string text = co_await logic_error_in(again);
  CHECK(text ==
        "lariat: concurrent_mutex::lock: the task holds it already, so it would wait for itself");
  mine.unlock();
  const std::string none = co_await logic_error_in(again);
  CHECK(none.empty());
}

LOOP_TEST_CASE("a blocking lock of a concurrent_mutex is refused on a loop",
               "[sched][concurrent_mutex]") {
  concurrent_mutex door;
  const std::string text = logic_error_of([&] { return door.lock_blocking().owns_lock(); });
  CHECK(text.find("concurrent_mutex::lock_blocking") != std::string::npos);
  CHECK_FALSE(door.locked());
  co_return;
}

TEST_CASE("threads lock a concurrent_mutex, for a time or until stop",
          "[sched][concurrent_mutex]") {
  concurrent_mutex door;
  {
    const concurrent_mutex::guard mine = door.lock_blocking();
    CHECK(mine.owns_lock());
    CHECK_FALSE(door.lock_blocking_for(1ms).owns_lock());
    stop_source stop;
    std::thread stopper([&stop] { stop.request_stop(); });
    CHECK_FALSE(door.lock_blocking(stop.get_token()).owns_lock());
    stopper.join();
  }
  stop_source stopped;
  stopped.request_stop();
  CHECK(door.lock_blocking(stopped.get_token()).owns_lock());
  CHECK_FALSE(door.locked());
}

TEST_CASE("destroying a concurrent_mutex that is waited for ends the program",
          "[sched][concurrent_mutex]") {
  const std::string text = last_words_of([]() -> task<> {
    auto door = std::make_unique<concurrent_mutex>();
    concurrent_mutex::guard mine = co_await door->lock();
    std::string order;
    join_handle<void> other = spawn(enter, std::ref(*door), std::ref(order), 'a');
    co_await settle();
    door.reset();
  });
  CHECK(text.find("was destroyed while") != std::string::npos);
  CHECK(text.find("concurrent_mutex::lock") != std::string::npos);
}

THREAD_TEST_CASE("a task waits for a thread that has the concurrent_mutex, and the other way round",
                 "[sched][concurrent_mutex]") {
  concurrent_mutex door;
  concurrent_event held;
  long number = 0;
  std::thread holder([&] {
    const concurrent_mutex::guard guard = door.lock_blocking();
    held.set();
    while (!door.try_lock().owns_lock() && number == 0) number = 1;
  });
  co_await held.wait();
  {
    const concurrent_mutex::guard guard = co_await door.lock();
    CHECK(number == 1);
    number = 2;
  }
  holder.join();
  const auto on_lane = [&] {
    const concurrent_mutex::guard guard = door.lock_blocking();
    return number;
  };
  const long seen = co_await to_thread(on_lane);
  CHECK(seen == 2);
}

TEST_CASE("loops, pool tasks and threads exclude each other by a concurrent_mutex",
          "[sched][concurrent_mutex]") {
  constexpr int times = 2000;
  concurrent_mutex door;
  long number = 0;
  const auto body = [&]() -> task<> {
    co_await when_all(count_up(door, number, times), count_up(door, number, times));
    const auto on_pool = [&] { return count_up(door, number, times); };
    co_await to_pool(on_pool);
  };
  std::thread first([&] { run_on_own_loop(body); });
  std::thread second([&] { run_on_own_loop(body); });
  for (int i = 0; i < times; ++i) {
    const concurrent_mutex::guard guard = door.lock_blocking();
    ++number;
  }
  first.join();
  second.join();
  CHECK(number == 7L * times);
  CHECK_FALSE(door.locked());
}

TEST_CASE("nothing is lost when a cancel races the hand-over of a concurrent_mutex",
          "[sched][concurrent_mutex]") {
  concurrent_mutex door;
  long number = 0;
  long got = 0;
  run_on_futex_loop([&]() -> task<> {
    std::atomic<bool> done = false;
    std::thread other([&] {
      while (!done.load()) {
        const concurrent_mutex::guard guard = door.lock_blocking();
        ++number;
      }
    });
    for (int i = 0; i < 3000; ++i) {
      join_handle<void> waiter = spawn([&]() -> task<> {
        const concurrent_mutex::guard guard = co_await door.lock();
        ++got;
        ++number;
      });
      if (i % 3 != 0) co_await yield();
      waiter.cancel();
      try {
        co_await waiter;
      } catch (const operation_cancelled&) {
      }
    }
    done = true;
    other.join();
  });
  CHECK(number >= got);
  CHECK_FALSE(door.locked());
}
