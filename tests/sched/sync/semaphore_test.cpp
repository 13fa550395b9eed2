#include "count_allocations.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/sync/semaphore.hpp>

#include <algorithm>
#include <memory>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

LOOP_TEST_CASE("no more tasks than permits are inside at once", "[sched][semaphore]") {
  semaphore seats(3);
  int inside = 0;
  int most = 0;
  auto body = [&]() -> task<> {
    const semaphore::permit seat = co_await seats.acquire();
    most = std::max(most, ++inside);
    co_await yield();
    --inside;
  };
  std::vector<join_handle<void>> all;
  for (int i = 0; i < 10; ++i) all.push_back(spawn(body));
  for (join_handle<void>& each : all) co_await each;
  CHECK(most == 3);
  CHECK(seats.available() == 3);
}

LOOP_TEST_CASE("who wants many is not overtaken by who wants few", "[sched][semaphore]") {
  semaphore seats(2);
  std::string order;
  auto body = [&](char letter, std::size_t count) -> task<> {
    const semaphore::permit seat = co_await seats.acquire(count);
    order += letter;
    co_await yield();
  };
  semaphore::permit mine = co_await seats.acquire();
  join_handle<void> many = spawn(body, 'm', std::size_t{2});
  join_handle<void> few = spawn(body, 'f', std::size_t{1});
  co_await settle();
  CHECK(order.empty());
  CHECK(seats.available() == 1);
  CHECK_FALSE(seats.try_acquire());  // Somebody waits.
  mine.release();
  co_await many;
  co_await few;
  CHECK(order == "mf");
}

LOOP_TEST_CASE("a cancelled first in line lets the next ones go", "[sched][semaphore]") {
  semaphore seats(1);
  std::string order;
  auto body = [&](char letter, std::size_t count) -> task<> {
    const semaphore::permit seat = co_await seats.acquire(count);
    order += letter;
  };
  join_handle<void> many = spawn(body, 'm', std::size_t{2});
  join_handle<void> few = spawn(body, 'f', std::size_t{1});
  co_await settle();
  many.cancel();
  co_await few;
  CHECK(order == "f");
  const outcome<void> end = co_await as_result(many);
  CHECK(end.cancelled());
  CHECK(seats.available() == 1);
}

LOOP_TEST_CASE("who was given permits has them, and a cancel stays pending", "[sched][semaphore]") {
  semaphore seats(0);
  std::size_t held = 0;
  auto body = [&]() -> task<> {
    const semaphore::permit seat = co_await seats.acquire(2);
    held = seat.count();
    co_await yield();
    held = 100;
  };
  join_handle<void> other = spawn(body);
  co_await settle();
  seats.release(2);
  other.cancel();
  const outcome<void> end = co_await as_result(other);
  CHECK(end.cancelled());
  CHECK(held == 2);
  CHECK(seats.available() == 2);
}

LOOP_TEST_CASE("a permit is given back once, or forgotten", "[sched][semaphore]") {
  semaphore seats(4);
  {
    semaphore::permit a = co_await seats.acquire(2);
    semaphore::permit b = std::move(a);
    CHECK_FALSE(a);
    CHECK(a.count() == 0);
    CHECK(b.count() == 2);
    a.release();
    CHECK(seats.available() == 2);
    b.release();
    b.release();
    CHECK(seats.available() == 4);
    b = seats.try_acquire(3);
    CHECK(b);
    b.forget();
    CHECK_FALSE(b);
  }
  CHECK(seats.available() == 1);
  CHECK_FALSE(seats.try_acquire(2));
  seats.release(3);
  CHECK(seats.available() == 4);
}

LOOP_TEST_CASE("a timeout takes no permits", "[sched][semaphore]") {
  semaphore seats(1);
  bool late = false;
  try {
    (void)co_await timeout(1ms, seats.acquire(2));
  } catch (const timeout_error&) {
    late = true;
  }
  CHECK(late);
  CHECK(seats.available() == 1);
}

LOOP_TEST_CASE("a limit refuses what goes beyond it", "[sched][semaphore]") {
  CHECK_THROWS_AS(semaphore(3, 2), std::invalid_argument);
  semaphore seats(1, 2);
  seats.release();
  const std::string over = logic_error_of([&] {
    seats.release();
    return 0;
  });
  CHECK(over.find("semaphore::release: more permits than its limit") != over.npos);
  CHECK(seats.available() == 2);
  const auto body = [&]() -> task<std::size_t> {
    const semaphore::permit seat = co_await seats.acquire(3);
    co_return seat.count();
  };
  const std::string never = co_await logic_error_in(body);
  CHECK(never.find("they would never come") != never.npos);
  CHECK(seats.available() == 2);
  semaphore endless(semaphore::no_limit);
  CHECK_THROWS_AS(endless.release(), std::logic_error);
}

TEST_CASE("another thread's release beyond the limit ends the program", "[sched][semaphore]") {
  const std::string output = last_words_of_request([] { return std::make_unique<semaphore>(1, 1); },
                                                   [](const auto& seats) { seats->release(); });
  CHECK(output.find("more permits than its limit") != output.npos);
}

LOOP_TEST_CASE("permits that go on another thread come back on the loop", "[sched][semaphore]") {
  semaphore seats(3);
  semaphore::permit a = co_await seats.acquire();
  semaphore::permit b = co_await seats.acquire(2);
  on_other_thread([one = std::move(a), two = std::move(b)] {});
  CHECK(seats.available() == 0);
  const semaphore::permit all = co_await seats.acquire(3);
  CHECK(all.count() == 3);
}

#if COUNT_ALLOCATIONS
LOOP_TEST_CASE("acquiring allocates nothing", "[sched][semaphore][allocation]") {
  semaphore seats(1);
  const auto step = [&]() -> task<> {
    semaphore::permit mine = co_await seats.acquire();
    auto body = [&]() -> task<> { (void)co_await seats.acquire(); };
    join_handle<void> other = spawn(body);
    co_await yield();
    mine.release();
    co_await other;
  };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(during == 0);
}
#endif
