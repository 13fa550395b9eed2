#include "count_allocations.hpp"
#include "own_loop.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/concurrent/concurrent_semaphore.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/spawn.hpp>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

// Takes permits and notes it; gives them back at once.
task<> take(concurrent_semaphore& from, std::size_t count, std::string& order, char letter) {
  const concurrent_semaphore::permit permit = co_await from.acquire(count);
  order += letter;
}

}  // namespace

#if COUNT_ALLOCATIONS
LOOP_TEST_CASE("a free concurrent_semaphore is taken and given up without memory",
               "[sched][concurrent_semaphore]") {
  concurrent_semaphore permits(1);
  const auto once = [&]() -> task<> {
    (void)co_await permits.acquire();
    co_return;
  };
  const std::uint64_t more = co_await allocations_once_warm(once);
  CHECK(more == 0);
}
#endif

LOOP_TEST_CASE("permits of a concurrent_semaphore are taken and given back",
               "[sched][concurrent_semaphore]") {
  concurrent_semaphore permits(3);
  {
    concurrent_semaphore::permit two = co_await permits.acquire(2);
    CHECK(two);
    CHECK(two.count() == 2);
    CHECK(permits.available() == 1);
    CHECK_FALSE(permits.try_acquire(2));
    CHECK(permits.try_acquire());
    concurrent_semaphore::permit moved = std::move(two);
    CHECK(moved.count() == 2);
    CHECK(permits.available() == 1);
  }
  CHECK(permits.available() == 3);
  permits.try_acquire(2).forget();
  CHECK(permits.available() == 1);
  permits.release(4);
  CHECK(permits.available() == 5);
}

LOOP_TEST_CASE("who wants many permits of a concurrent_semaphore is not overtaken",
               "[sched][concurrent_semaphore]") {
  concurrent_semaphore permits(2);
  std::string order;
  concurrent_semaphore::permit one = co_await permits.acquire();
  join_handle<void> many =
      spawn({.name = "take"}, take, std::ref(permits), 2, std::ref(order), 'm');
  join_handle<void> few = spawn({.name = "take"}, take, std::ref(permits), 1, std::ref(order), 'f');
  co_await settle();
  CHECK(order.empty());
  CHECK_FALSE(permits.try_acquire());
  one.release();
  co_await many;
  co_await few;
  CHECK(order == "mf");
  CHECK(permits.available() == 2);
}

LOOP_TEST_CASE("when who wanted many is cancelled, those behind get their permits",
               "[sched][concurrent_semaphore]") {
  concurrent_semaphore permits(2);
  std::string order;
  concurrent_semaphore::permit one = co_await permits.acquire();
  join_handle<void> many =
      spawn({.name = "take"}, take, std::ref(permits), 2, std::ref(order), 'm');
  join_handle<void> few = spawn({.name = "take"}, take, std::ref(permits), 1, std::ref(order), 'f');
  co_await settle();
  many.cancel();
  co_await settle();
  CHECK(order == "f");
  CHECK(few.done());
  CHECK(permits.available() == 1);
}

LOOP_TEST_CASE("a released permit serves all for whom it is enough",
               "[sched][concurrent_semaphore]") {
  concurrent_semaphore permits(0);
  std::string order;
  join_handle<void> first =
      spawn({.name = "take"}, take, std::ref(permits), 1, std::ref(order), 'a');
  join_handle<void> second =
      spawn({.name = "take"}, take, std::ref(permits), 2, std::ref(order), 'b');
  join_handle<void> third =
      spawn({.name = "take"}, take, std::ref(permits), 4, std::ref(order), 'c');
  co_await settle();
  permits.release(3);
  CHECK(permits.available() == 0);  // Theirs before they run.
  co_await settle();
  CHECK(order == "ab");
  permits.release();
  co_await third;
  CHECK(order == "abc");
  CHECK(permits.available() == 4);
  co_await first;
  co_await second;
}

LOOP_TEST_CASE("the limit of a concurrent_semaphore holds", "[sched][concurrent_semaphore]") {
  CHECK_THROWS_AS(concurrent_semaphore(3, 2), std::invalid_argument);
  concurrent_semaphore permits(1, 2);
  permits.release();
  CHECK(logic_error_of([&] {
          permits.release();
          return 0;
        }) == "lariat: concurrent_semaphore::release: more permits than its limit");
  CHECK(permits.available() == 2);
  const auto three = [&]() -> task<> { (void)co_await permits.acquire(3); };
  const std::string text = co_await logic_error_in(three);
  CHECK(text == "lariat: concurrent_semaphore::acquire: more permits than its limit");
  concurrent_semaphore many(concurrent_semaphore::no_limit);
  CHECK_THROWS_AS(many.release(), std::logic_error);
}

TEST_CASE("threads acquire of a concurrent_semaphore, for a time or until stop",
          "[sched][concurrent_semaphore]") {
  concurrent_semaphore permits(1, 2);
  CHECK(permits.acquire_blocking().count() == 1);
  CHECK_FALSE(permits.acquire_blocking_for(1ms, 2));
  CHECK(permits.available() == 1);
  stop_source stop;
  std::thread stopper([&stop] { stop.request_stop(); });
  CHECK_FALSE(permits.acquire_blocking(stop.get_token(), 2));
  stopper.join();
  CHECK_THROWS_AS(permits.acquire_blocking(3), std::logic_error);
  std::thread giver([&permits] { permits.release(); });
  CHECK(permits.acquire_blocking(2).count() == 2);
  giver.join();
  CHECK(permits.available() == 2);
}

LOOP_TEST_CASE("acquire_blocking is refused on a loop", "[sched][concurrent_semaphore]") {
  concurrent_semaphore permits(1);
  const std::string text = logic_error_of([&] { return permits.acquire_blocking().count(); });
  CHECK(text.find("concurrent_semaphore::acquire_blocking") != std::string::npos);
  co_return;
}

TEST_CASE("no more than its permits are held of a concurrent_semaphore, on several loops",
          "[sched][concurrent_semaphore]") {
  constexpr int times = 1000;
  constexpr int most = 3;
  concurrent_semaphore permits(most, most);
  std::atomic<int> held = 0;
  std::atomic<int> over = 0;
  const auto use = [&](int seed) -> task<> {
    for (int i = 0; i < times; ++i) {
      const int count = 1 + (i + seed) % most;
      const concurrent_semaphore::permit permit =
          co_await permits.acquire(static_cast<std::size_t>(count));
      if (held.fetch_add(count) + count > most) ++over;
      if (i % 8 == 0) co_await yield();
      held.fetch_sub(count);
    }
  };
  const auto body = [&]() -> task<> { co_await when_all(use(0), use(1)); };
  std::thread first([&] { run_on_own_loop(body); });
  std::thread second([&] { run_on_own_loop(body); });
  for (int i = 0; i < times; ++i) {
    const concurrent_semaphore::permit permit = permits.acquire_blocking_for(50us);
    if (permit && held.fetch_add(1) + 1 > most) ++over;
    if (permit) held.fetch_sub(1);
  }
  first.join();
  second.join();
  CHECK(over == 0);
  CHECK(permits.available() == most);
}
