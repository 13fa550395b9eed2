#include "count_allocations.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/sync/condition.hpp>

#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

struct shared {
  mutex door;
  condition changed;
  std::string order;
  int value = 0;
};

task<> wait_once(shared& all, char letter) {
  mutex::guard guard = co_await all.door.lock();
  co_await all.changed.wait(guard);
  CHECK(all.door.locked());
  all.order += letter;
  co_await yield();  // Nobody else may come in meanwhile.
  all.order += letter;
}

}  // namespace

LOOP_TEST_CASE("notify wakes as many as it says, the longest waiting first, one at a time",
               "[sched][condition]") {
  shared all;
  std::vector<join_handle<void>> tasks;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    tasks.push_back(spawn(wait_once, std::ref(all), letter));
  }
  co_await settle();
  CHECK_FALSE(all.door.locked());
  all.changed.notify();
  co_await tasks[0];
  co_await settle();
  CHECK(all.order == "aa");
  all.changed.notify(2);
  co_await tasks[1];
  co_await tasks[2];
  co_await settle();
  CHECK(all.order == "aabbcc");
  all.changed.notify_all();
  co_await tasks[3];
  CHECK(all.order == "aabbccdd");
}

LOOP_TEST_CASE("a wait with a predicate ends when that holds", "[sched][condition]") {
  shared all;
  auto body = [&]() -> task<> {
    mutex::guard guard = co_await all.door.lock();
    co_await all.changed.wait(guard, [&] { return all.value == 2; });
    CHECK(guard.owns_lock());
    all.order += 'r';
  };
  join_handle<void> reader = spawn(body);
  for (int i = 0; i < 2; ++i) {
    co_await settle();
    CHECK(all.order.empty());
    const mutex::guard guard = co_await all.door.lock();
    ++all.value;
    all.changed.notify_all();
  }
  co_await reader;
  CHECK(all.order == "r");
}

LOOP_TEST_CASE("a predicate that holds waits for nothing", "[sched][condition]") {
  shared all;
  mutex::guard guard = co_await all.door.lock();
  const std::uint64_t turns = loop::current()->turns();
  co_await all.changed.wait(guard, [] { return true; });
  CHECK(loop::current()->turns() == turns);
}

LOOP_TEST_CASE("a cancelled wait ends when it has the mutex again", "[sched][condition]") {
  shared all;
  bool cancelled = false;
  auto body = [&]() -> task<> {
    mutex::guard guard = co_await all.door.lock();
    try {
      co_await all.changed.wait(guard);
    } catch (const operation_cancelled&) {
      cancelled = true;
      CHECK(guard.owns_lock());
      CHECK(all.door.locked());
      throw;
    }
  };
  join_handle<void> other = spawn(body);
  co_await settle();
  mutex::guard mine = co_await all.door.lock();
  other.cancel();
  co_await settle();
  other.cancel();  // Its second wait, for the mutex, is not cancelled.
  co_await settle();
  CHECK_FALSE(cancelled);
  mine.unlock();
  const outcome<void> end = co_await as_result(other);
  CHECK(end.cancelled());
  CHECK(cancelled);
  CHECK_FALSE(all.door.locked());
}

LOOP_TEST_CASE("a cancel after the notification stays pending", "[sched][condition]") {
  shared all;
  join_handle<void> other = spawn(wait_once, std::ref(all), 'a');
  co_await settle();
  all.changed.notify();
  other.cancel();
  const outcome<void> end = co_await as_result(other);
  CHECK(end.cancelled());
  CHECK(all.order == "a");  // Past the wait; the yield threw.
  CHECK_FALSE(all.door.locked());
}

LOOP_TEST_CASE("nor does a cancel end the wait of a notified task for the mutex",
               "[sched][condition]") {
  shared all;
  join_handle<void> a = spawn(wait_once, std::ref(all), 'a');
  co_await settle();
  mutex::guard mine = co_await all.door.lock();
  join_handle<void> b = spawn(wait_once, std::ref(all), 'b');  // Behind a, and keeps its place.
  all.changed.notify();
  a.cancel();
  co_await settle();
  mine.unlock();
  const outcome<void> end = co_await as_result(a);
  CHECK(end.cancelled());
  CHECK(all.order == "a");  // Past the wait; the yield threw.
  co_await settle();
  all.changed.notify();
  co_await b;
  CHECK(all.order == "abb");
}

LOOP_TEST_CASE("a notification is not spent on a cancelled wait", "[sched][condition]") {
  shared all;
  join_handle<void> a = spawn(wait_once, std::ref(all), 'a');
  join_handle<void> b = spawn(wait_once, std::ref(all), 'b');
  co_await settle();
  a.cancel();
  all.changed.notify();
  const outcome<void> end = co_await as_result(a);
  CHECK(end.cancelled());
  co_await b;
  CHECK(all.order == "bb");
}

LOOP_TEST_CASE("a wait that times out has the mutex again", "[sched][condition]") {
  shared all;
  mutex::guard guard = co_await all.door.lock();
  bool late = false;
  try {
    co_await timeout(1ms, all.changed.wait(guard));
  } catch (const timeout_error&) {
    late = true;
  }
  CHECK(late);
  CHECK(all.door.locked());
  try {
    co_await timeout(1ms, all.changed.wait(guard, [] { return false; }));
  } catch (const timeout_error&) {
    late = guard.owns_lock();
  }
  CHECK(late);
}

LOOP_TEST_CASE("a wait under a cancel that came before keeps the mutex", "[sched][condition]") {
  shared all;
  auto body = [&]() -> task<> {
    mutex::guard guard = co_await all.door.lock();
    loop::current()->cancel_all("self");
    bool cancelled = false;
    try {
      co_await all.changed.wait(guard);
    } catch (const operation_cancelled&) {
      cancelled = true;
    }
    CHECK(cancelled);
    CHECK(all.door.locked());
  };
  join_handle<void> other = spawn(body);
  try {
    co_await other;
    co_await yield();
  } catch (const operation_cancelled&) {
  }
}

LOOP_TEST_CASE("a wait needs the mutex", "[sched][condition]") {
  shared all;
  mutex::guard guard;
  const auto body = [&]() -> task<int> {
    co_await all.changed.wait(guard);
    co_return 0;
  };
  const std::string text = co_await logic_error_in(body);
  CHECK(text.find("condition::wait: the guard holds no mutex") != text.npos);
}

LOOP_TEST_CASE("another thread may notify", "[sched][condition]") {
  shared all;
  join_handle<void> a = spawn(wait_once, std::ref(all), 'a');
  join_handle<void> b = spawn(wait_once, std::ref(all), 'b');
  join_handle<void> c = spawn(wait_once, std::ref(all), 'c');
  co_await settle();
  on_other_thread([&] { all.changed.notify(); });
  co_await a;
  co_await sleep_for(1ms);
  CHECK(all.order == "aa");
  on_other_thread([&] { all.changed.notify_all(); });
  co_await b;
  co_await c;
  CHECK(all.order == "aabbcc");
}

#if COUNT_ALLOCATIONS
LOOP_TEST_CASE("waiting for a condition allocates nothing", "[sched][condition][allocation]") {
  shared all;
  const auto step = [&]() -> task<> {
    auto body = [&]() -> task<> {
      mutex::guard guard = co_await all.door.lock();
      co_await all.changed.wait(guard, [&] { return all.value == 1; });
    };
    all.value = 0;
    join_handle<void> other = spawn(body);
    co_await yield();
    all.value = 1;
    all.changed.notify();
    co_await other;
  };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(during == 0);
}
#endif
