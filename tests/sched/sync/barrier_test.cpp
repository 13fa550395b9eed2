#include "primitive_test.hpp"

#include <lariat/sched/sync/barrier.hpp>

#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<std::size_t> arrive(barrier& line) { co_return co_await line.arrive_and_wait(); }

}  // namespace

LOOP_TEST_CASE("a barrier lets all go when the last has come, each with its rank",
               "[sched][barrier]") {
  barrier line(3);
  for (int round = 0; round < 3; ++round) {
    join_handle<std::size_t> a = spawn(arrive, std::ref(line));
    join_handle<std::size_t> b = spawn(arrive, std::ref(line));
    co_await settle();
    CHECK_FALSE(a.done());
    CHECK(line.waiting() == 2);
    const std::size_t mine = co_await line.arrive_and_wait();
    CHECK(mine == 2);
    CHECK(line.waiting() == 0);
    const std::size_t first = co_await a;
    const std::size_t second = co_await b;
    CHECK(first == 0);
    CHECK(second == 1);
  }
  CHECK(line.parties() == 3);
}

LOOP_TEST_CASE("a barrier of one holds nobody", "[sched][barrier]") {
  barrier line(1);
  const std::uint64_t turns = loop::current()->turns();
  const std::size_t rank = co_await line.arrive_and_wait();
  CHECK(rank == 0);
  CHECK(loop::current()->turns() == turns);
  CHECK_THROWS_AS(barrier(0), std::invalid_argument);
}

LOOP_TEST_CASE("who is cancelled does not count as come", "[sched][barrier]") {
  barrier line(3);
  join_handle<std::size_t> a = spawn(arrive, std::ref(line));
  join_handle<std::size_t> b = spawn(arrive, std::ref(line));
  co_await settle();
  a.cancel();
  const outcome<std::size_t> end = co_await as_result(a);
  CHECK(end.cancelled());
  CHECK(line.waiting() == 1);
  CHECK_FALSE(line.broken());
  join_handle<std::size_t> c = spawn(arrive, std::ref(line));
  co_await settle();
  CHECK_FALSE(b.done());
  const std::size_t mine = co_await line.arrive_and_wait();
  const std::size_t first = co_await b;
  const std::size_t second = co_await c;
  CHECK(first == 0);
  CHECK(second == 1);
  CHECK(mine == 2);
}

LOOP_TEST_CASE("abort breaks a barrier until reset", "[sched][barrier]") {
  barrier line(2);
  join_handle<std::size_t> a = spawn(arrive, std::ref(line));
  co_await settle();
  line.abort();
  CHECK(line.broken());
  CHECK(line.waiting() == 0);
  outcome<std::size_t> broken = co_await as_result(a);
  CHECK_THROWS_AS(broken.value(), broken_barrier);
  join_handle<std::size_t> late = spawn(arrive, std::ref(line));
  const outcome<std::size_t> end = co_await as_result(late);
  CHECK_FALSE(end.has_value());
  line.reset();
  CHECK_FALSE(line.broken());
  join_handle<std::size_t> b = spawn(arrive, std::ref(line));
  co_await settle();
  line.reset();
  outcome<std::size_t> turned_away = co_await as_result(b);
  CHECK_THROWS_AS(turned_away.value(), broken_barrier);
  CHECK_FALSE(line.broken());
}

LOOP_TEST_CASE("who was let go is neither cancelled nor turned away", "[sched][barrier]") {
  barrier line(2);
  auto body = [&]() -> task<std::size_t> {
    const std::size_t rank = co_await line.arrive_and_wait();
    try {
      co_await yield();
    } catch (const operation_cancelled&) {
      co_return rank + 100;
    }
    co_return rank;
  };
  join_handle<std::size_t> a = spawn(body);
  co_await settle();
  const std::size_t mine = co_await line.arrive_and_wait();
  CHECK(mine == 1);
  line.abort();
  a.cancel();
  const std::size_t rank = co_await a;
  CHECK(rank == 100);
}

LOOP_TEST_CASE("another thread may abort", "[sched][barrier]") {
  barrier line(2);
  join_handle<std::size_t> a = spawn(arrive, std::ref(line));
  co_await settle();
  on_other_thread([&] {
    line.abort();
    line.abort();
  });
  outcome<std::size_t> end = co_await as_result(a);
  CHECK_THROWS_AS(end.value(), broken_barrier);
  CHECK(line.broken());
}
