#include "count_allocations.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/scope/when_any.hpp>
#include <lariat/sched/sync/mutex.hpp>

#include <memory>
#include <optional>
#include <variant>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

// A std::lock_guard of one would give up what nobody awaited.
template <class T>
concept basic_lockable = requires(T& lock) { lock.unlock(); };
static_assert(!basic_lockable<mutex>);

namespace {

// Takes the lock, notes it, holds it for a turn.
task<> enter(mutex& door, std::string& order, char letter) {
  const mutex::guard guard = co_await door.lock();
  order += letter;
  co_await yield();
}

}  // namespace

LOOP_TEST_CASE("a free mutex is locked without a turn of the loop", "[sched][mutex]") {
  mutex door;
  const std::uint64_t turns = loop::current()->turns();
  {
    const mutex::guard guard = co_await door.lock();
    CHECK(guard.owns_lock());
    CHECK(door.locked());
  }
  CHECK_FALSE(door.locked());
  CHECK(loop::current()->turns() == turns);
}

LOOP_TEST_CASE("a mutex goes to those who wait in the order of their coming", "[sched][mutex]") {
  mutex door;
  std::string order;
  std::vector<join_handle<void>> all;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    all.push_back(spawn(enter, std::ref(door), std::ref(order), letter));
  }
  for (join_handle<void>& each : all) co_await each;
  CHECK(order == "abcd");
  CHECK_FALSE(door.locked());
}

LOOP_TEST_CASE("who was handed the mutex has it before it runs", "[sched][mutex]") {
  mutex door;
  std::string order;
  mutex::guard mine = co_await door.lock();
  join_handle<void> other = spawn(enter, std::ref(door), std::ref(order), 'b');
  co_await settle();
  mine.unlock();
  CHECK(door.locked());
  CHECK_FALSE(door.try_lock().owns_lock());
  mine = co_await door.lock();  // Behind the other.
  order += 'a';
  CHECK(order == "ba");
  mine.unlock();
  co_await other;
}

LOOP_TEST_CASE("a cancelled waiter is skipped", "[sched][mutex]") {
  mutex door;
  std::string order;
  mutex::guard mine = co_await door.lock();
  join_handle<void> a = spawn(enter, std::ref(door), std::ref(order), 'a');
  join_handle<void> b = spawn(enter, std::ref(door), std::ref(order), 'b');
  join_handle<void> c = spawn(enter, std::ref(door), std::ref(order), 'c');
  co_await settle();
  b.cancel("not you");
  const outcome<void> end = co_await as_result(b);
  CHECK(end.cancelled());
  mine.unlock();
  co_await a;
  co_await c;
  CHECK(order == "ac");
  CHECK_FALSE(door.locked());
}

LOOP_TEST_CASE("who was handed the mutex has it, and a cancel stays pending", "[sched][mutex]") {
  mutex door;
  std::string order;
  auto body = [&]() -> task<> {
    const mutex::guard guard = co_await door.lock();
    order += "locked";
    co_await yield();
    order += "not reached";
  };
  mutex::guard mine = co_await door.lock();
  join_handle<void> other = spawn(body);
  co_await settle();
  mine.unlock();
  other.cancel();
  const outcome<void> end = co_await as_result(other);
  CHECK(end.cancelled());
  CHECK(order == "locked");
  CHECK_FALSE(door.locked());
}

LOOP_TEST_CASE("a lock under a cancel that came before throws, and locks nothing",
               "[sched][mutex]") {
  mutex door;
  bool cancelled = false;
  auto body = [&]() -> task<> {
    loop::current()->cancel_all("self");
    try {
      const mutex::guard guard = co_await door.lock();
    } catch (const operation_cancelled& error) {
      cancelled = error.reason() == "self";
    }
    CHECK_FALSE(door.locked());
  };
  join_handle<void> other = spawn(body);
  try {
    co_await other;
    co_await yield();
  } catch (const operation_cancelled&) {
  }
  CHECK(cancelled);
}

LOOP_TEST_CASE("a timeout withdraws a waiter; a lock that arrived wins over it", "[sched][mutex]") {
  mutex door;
  mutex::guard mine = co_await door.lock();
  bool late = false;
  try {
    const mutex::guard guard = co_await timeout(1ms, door.lock());
  } catch (const timeout_error&) {
    late = true;
  }
  CHECK(late);

  // The time is up while the lock is on its way.
  std::optional<mutex::guard> got;
  auto body = [&]() -> task<> { got.emplace(co_await timeout(1ms, door.lock())); };
  join_handle<void> other = spawn(body);
  co_await settle();
  driver_here().advance(1h);
  mine.unlock();
  co_await other;
  CHECK(got->owns_lock());
  CHECK(door.locked());
  got.reset();
  CHECK_FALSE(door.locked());
}

LOOP_TEST_CASE("the guard of a loser of when_any gives the lock back", "[sched][mutex]") {
  mutex one;
  mutex two;
  mutex::guard held_one = co_await one.lock();
  mutex::guard held_two = co_await two.lock();
  // Both are handed over before either of the waiters runs, so the loser has its lock too.
  auto unlock_both = [&]() -> task<> {
    held_one.unlock();
    held_two.unlock();
    co_return;
  };
  join_handle<void> unlocking = spawn(unlock_both);
  const auto first = co_await when_any_in_order(one.lock(), two.lock());
  CHECK(first.index == 0);
  CHECK(std::get<0>(first.value).mutex() == &one);
  CHECK(one.locked());
  CHECK_FALSE(two.locked());
  co_await unlocking;
}

LOOP_TEST_CASE("a guard moves, unlocks once, and can let go", "[sched][mutex]") {
  mutex door;
  mutex::guard a = co_await door.lock();
  mutex::guard b = std::move(a);
  CHECK_FALSE(a.owns_lock());
  CHECK(b.owns_lock());
  CHECK(b.mutex() == &door);
  a.unlock();
  CHECK(door.locked());
  b.unlock();
  b.unlock();
  CHECK_FALSE(door.locked());
  b = door.try_lock();
  CHECK(b);
  mutex* left = b.release();
  CHECK_FALSE(b);
  CHECK(door.locked());
  { const mutex::guard adopted(*left, std::adopt_lock); }
  CHECK_FALSE(door.locked());
}

LOOP_TEST_CASE("a task that waits for itself is told so, with both places", "[sched][mutex]") {
  mutex door;
  const int line = __LINE__ + 2;
  const auto twice = [&]() -> task<int> {
    const mutex::guard first = co_await door.lock();
    const mutex::guard second = co_await door.lock();
    co_return 1;
  };
  const std::string text = co_await logic_error_in(twice);
  CHECK(text.find("resource deadlock") != text.npos);
  const auto place_of = [](int number) {
    std::string place = "mutex_test.cpp:";  // g++ -O3 warns of a sum, for nothing.
    place += std::to_string(number);
    return place;
  };
  CHECK(text.find(place_of(line)) != text.npos);
  CHECK(text.find(place_of(line + 1)) != text.npos);
  CHECK_FALSE(door.locked());
}

LOOP_TEST_CASE("a task may wait for a lock whose guard it has given away", "[sched][mutex]") {
  mutex door;
  mutex::guard mine = co_await door.lock();
  std::string order;
  auto holder = [&order](mutex::guard held) -> task<> {
    co_await yield();
    order += 'h';
    held.unlock();
  };
  join_handle<void> other = spawn(holder, std::move(mine));
  const mutex::guard again = co_await door.lock();
  order += 'm';
  CHECK(order == "hm");
  co_await other;
}

LOOP_TEST_CASE("locking free mutexes starves nobody", "[sched][mutex]") {
  mutex door;
  bool other_ran = false;
  auto other = [&]() -> task<> {
    other_ran = true;
    co_return;
  };
  join_handle<void> handle = spawn(other);
  int locks = 0;
  while (!other_ran && locks < 1'000'000) {
    const mutex::guard guard = co_await door.lock();
    ++locks;
  }
  CHECK(locks <= 128);
  co_await handle;
}

TEST_CASE("another loop's task is refused", "[sched][mutex]") {
  run_on_fake_loop([]() -> task<> {
    mutex door;
    std::string awaited;
    std::string tried;
    {
      loop_thread other;
      auto body = [&]() -> task<int> {
        const mutex::guard guard = co_await door.lock();
        co_return 1;
      };
      auto there = [&]() -> task<> {
        awaited = co_await logic_error_in(body);
        tried = logic_error_of([&] { return door.try_lock(); });
      };
      other.spawn(there).detach();
      other.finish();
    }
    CHECK(awaited.find("mutex::lock: it belongs to another loop") != awaited.npos);
    CHECK(tried.find("mutex::try_lock: it belongs to another loop") != tried.npos);
    co_return;
  });
}

TEST_CASE("a mutex made where no loop runs belongs to the first that uses it", "[sched][mutex]") {
  mutex door;
  const std::string nobody = logic_error_of([&] { return door.try_lock(); });
  CHECK(nobody.find("mutex::try_lock: no loop runs on this thread") != nobody.npos);
  run_on_fake_loop([&]() -> task<> {
    const mutex::guard guard = co_await door.lock();
    CHECK(door.locked());
  });
}

THREAD_TEST_CASE("a guard that goes on another thread frees the mutex on its loop",
                 "[sched][mutex]") {
  mutex door;
  for (int i = 0; i < 100; ++i) {
    mutex::guard mine = co_await door.lock();
    std::thread other([held = std::move(mine)]() mutable { held.unlock(); });
    const mutex::guard again = co_await door.lock();
    CHECK(door.locked());
    other.join();
  }
}

#if COUNT_ALLOCATIONS
LOOP_TEST_CASE("locking allocates nothing, free or not", "[sched][mutex][allocation]") {
  mutex door;
  const auto step = [&]() -> task<> {
    mutex::guard mine = co_await door.lock();
    auto body = [&]() -> task<> { const mutex::guard guard = co_await door.lock(); };
    join_handle<void> other = spawn(body);
    co_await yield();
    mine.unlock();
    co_await other;
  };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(during == 0);
}
#endif

LOOP_TEST_CASE("who gave a mutex up may want it again, whoever has it now", "[sched][mutex]") {
  mutex door;
  const std::chrono::nanoseconds start = time_here();
  auto lock_for_a_second = [&]() -> task<> {
    mutex::guard held = co_await door.lock();
    co_await sleep_for(1s);
  };
  {
    mutex::guard held = co_await door.lock();
    spawn(lock_for_a_second).detach();
    co_await settle();
  }
  {
    mutex::guard again = co_await door.lock();
    CHECK(time_here() - start >= 1s);  // It was handed over in between.
  }
  mutex::guard tried = door.try_lock();
  CHECK(tried.owns_lock());
  auto unlock_later = [&]() -> task<> {
    co_await sleep_for(1s);
    tried.unlock();
  };
  auto unlocking = spawn(unlock_later);
  {
    mutex::guard again = co_await door.lock();
    CHECK(time_here() - start >= 2s);
  }
  co_await unlocking;
  CHECK_FALSE(door.locked());
}
