#include "count_allocations.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/sync/shared_mutex.hpp>

#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

// A std::lock_guard of one would give up what nobody awaited.
template <class T>
concept basic_lockable = requires(T& lock) { lock.unlock(); };
static_assert(!basic_lockable<shared_mutex>);

namespace {

struct library {
  shared_mutex door;
  std::string order;

  task<> read(char letter) {
    const shared_mutex::shared_guard guard = co_await door.lock_shared();
    order += letter;
    co_await yield();
    order += letter;
  }
  task<> write(char letter) {
    const shared_mutex::guard guard = co_await door.lock();
    order += letter;
    co_await yield();
    order += letter;
  }
};

}  // namespace

LOOP_TEST_CASE("readers go in together, writers alone, in the order of their coming",
               "[sched][shared_mutex]") {
  library books;
  std::vector<join_handle<void>> all;
  all.push_back(spawn(&library::read, &books, 'a'));
  all.push_back(spawn(&library::read, &books, 'b'));
  all.push_back(spawn(&library::write, &books, 'X'));
  all.push_back(spawn(&library::read, &books, 'c'));
  all.push_back(spawn(&library::read, &books, 'd'));
  all.push_back(spawn(&library::write, &books, 'Y'));
  all.push_back(spawn(&library::write, &books, 'Z'));
  for (join_handle<void>& each : all) co_await each;
  CHECK(books.order == "ababXXcdcdYYZZ");
  CHECK(books.door.try_lock().owns_lock());
}

LOOP_TEST_CASE("a free shared_mutex is locked without a turn of the loop",
               "[sched][shared_mutex]") {
  shared_mutex door;
  const std::uint64_t turns = loop::current()->turns();
  {
    const shared_mutex::shared_guard one = co_await door.lock_shared();
    const shared_mutex::shared_guard two = co_await door.lock_shared();
    CHECK_FALSE(door.try_lock());
    CHECK(door.try_lock_shared());
  }
  {
    const shared_mutex::guard alone = co_await door.lock();
    CHECK_FALSE(door.try_lock());
    CHECK_FALSE(door.try_lock_shared());
  }
  CHECK(door.try_lock());
  CHECK(loop::current()->turns() == turns);
}

LOOP_TEST_CASE("a reader does not overtake a writer that waits", "[sched][shared_mutex]") {
  library books;
  shared_mutex::shared_guard mine = co_await books.door.lock_shared();
  join_handle<void> writer = spawn(&library::write, &books, 'X');
  join_handle<void> reader = spawn(&library::read, &books, 'a');
  co_await settle();
  CHECK(books.order.empty());
  CHECK_FALSE(books.door.try_lock_shared());
  mine.unlock();
  co_await writer;
  co_await reader;
  CHECK(books.order == "XXaa");
}

LOOP_TEST_CASE("a cancelled writer lets the readers behind it in", "[sched][shared_mutex]") {
  library books;
  const shared_mutex::shared_guard mine = co_await books.door.lock_shared();
  join_handle<void> writer = spawn(&library::write, &books, 'X');
  join_handle<void> a = spawn(&library::read, &books, 'a');
  join_handle<void> b = spawn(&library::read, &books, 'b');
  co_await settle();
  writer.cancel();
  co_await a;
  co_await b;
  const outcome<void> end = co_await as_result(writer);
  CHECK(end.cancelled());
  CHECK(books.order == "abab");
}

LOOP_TEST_CASE("who was let in is in, and a cancel stays pending", "[sched][shared_mutex]") {
  library books;
  shared_mutex::guard mine = co_await books.door.lock();
  join_handle<void> a = spawn(&library::read, &books, 'a');
  join_handle<void> b = spawn(&library::read, &books, 'b');
  co_await settle();
  mine.unlock();
  a.cancel();
  const outcome<void> end = co_await as_result(a);
  CHECK(end.cancelled());
  co_await b;
  CHECK(books.order == "abb");
  CHECK(books.door.try_lock());
}

LOOP_TEST_CASE("guards that go on another thread free a shared_mutex", "[sched][shared_mutex]") {
  shared_mutex door;
  for (int i = 0; i < 10; ++i) {
    shared_mutex::shared_guard one = co_await door.lock_shared();
    shared_mutex::shared_guard two = co_await door.lock_shared();
    on_other_thread([a = std::move(one), b = std::move(two)] {});
    shared_mutex::guard alone = co_await door.lock();
    CHECK(alone.owns_lock());
    on_other_thread([held = std::move(alone)] {});
    const shared_mutex::shared_guard again = co_await timeout(1s, door.lock_shared());
    CHECK(again.owns_lock());
  }
}

#if COUNT_ALLOCATIONS
LOOP_TEST_CASE("locking a shared_mutex allocates nothing", "[sched][shared_mutex][allocation]") {
  shared_mutex door;
  const auto step = [&]() -> task<> {
    shared_mutex::guard mine = co_await door.lock();
    auto body = [&]() -> task<> { (void)co_await door.lock_shared(); };
    join_handle<void> other = spawn(body);
    co_await yield();
    mine.unlock();
    co_await other;
  };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(during == 0);
}
#endif
