#include "own_loop.hpp"
#include "primitive_test.hpp"

#include <lariat/sched/concurrent/concurrent_watch.hpp>
#include <lariat/sched/task/spawn.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

// Notes each value that it sees, until the watch is closed.
task<> follow(concurrent_watch<int>& from, std::vector<int>& seen) {
  auto news = from.subscribe();
  for (;;) {
    const bool changed = co_await news.changed();
    if (!changed) break;
    seen.push_back(*news.get());
  }
}

}  // namespace

LOOP_TEST_CASE("the last value of a concurrent_watch wins", "[sched][concurrent_watch]") {
  concurrent_watch<std::string> name("a");
  auto news = name.subscribe();
  CHECK_FALSE(news.has_changed());
  const std::shared_ptr<const std::string> old = name.get();
  name.set("b");
  name.set("c");
  CHECK(news.has_changed());
  bool changed = co_await news.changed();
  CHECK(changed);
  CHECK_FALSE(news.has_changed());
  CHECK(*news.get() == "c");
  CHECK(*old == "a");
  name.set("d");
  name.close();
  CHECK(name.closed());
  changed = co_await news.changed();
  CHECK(changed);
  changed = co_await news.changed();
  CHECK_FALSE(changed);
  CHECK(logic_error_of([&] {
          name.set("e");
          return 0;
        }) == "lariat: concurrent_watch::set: it is closed");
  CHECK(*name.get() == "d");
}

LOOP_TEST_CASE("all who wait for a concurrent_watch are woken", "[sched][concurrent_watch]") {
  concurrent_watch<int> number(0);
  std::vector<int> first;
  std::vector<int> second;
  join_handle<void> a = spawn(follow, std::ref(number), std::ref(first));
  join_handle<void> b = spawn(follow, std::ref(number), std::ref(second));
  co_await settle();
  number.set(1);
  co_await settle();
  number.set(2);
  co_await settle();
  number.close();
  co_await a;
  co_await b;
  CHECK(first == std::vector{1, 2});
  CHECK(second == std::vector{1, 2});
}

LOOP_TEST_CASE("a cancelled wait for a concurrent_watch misses no change",
               "[sched][concurrent_watch]") {
  concurrent_watch<int> number(0);
  auto news = number.subscribe();
  join_handle<bool> waiter = spawn([&]() -> task<bool> { co_return co_await news.changed(); });
  co_await settle();
  waiter.cancel();
  co_await settle();
  CHECK_THROWS_AS(waiter.get(), operation_cancelled);
  bool late = false;
  try {
    (void)co_await timeout(1ms, news.changed());
  } catch (const timeout_error&) {
    late = true;
  }
  CHECK(late);
  number.set(1);
  const bool changed = co_await news.changed();
  CHECK(changed);
}

TEST_CASE("threads wait for a concurrent_watch, for a time or until stop",
          "[sched][concurrent_watch]") {
  concurrent_watch<int> number(0);
  auto news = number.subscribe();
  CHECK_FALSE(news.changed_blocking_for(1ms));
  stop_source stop;
  std::thread stopper([&stop] { stop.request_stop(); });
  CHECK_FALSE(news.changed_blocking(stop.get_token()));
  stopper.join();
  std::thread setter([&] { number.set(1); });
  CHECK(news.changed_blocking());
  setter.join();
  CHECK(*news.get() == 1);
  std::thread closer([&] { number.close(); });
  CHECK_FALSE(news.changed_blocking());
  closer.join();
}

LOOP_TEST_CASE("changed_blocking is refused on a loop", "[sched][concurrent_watch]") {
  concurrent_watch<int> number(0);
  auto news = number.subscribe();
  const std::string text = logic_error_of([&] { return news.changed_blocking(); });
  CHECK(text.find("concurrent_watch::changed_blocking") != std::string::npos);
  co_return;
}

TEST_CASE("values of a concurrent_watch come in order on every loop, and the last one comes",
          "[sched][concurrent_watch]") {
  constexpr int last = 3000;
  concurrent_watch<int> number(0);
  std::vector<int> seen[2];
  std::vector<std::thread> loops;
  for (std::vector<int>& each : seen) {
    loops.emplace_back([&each, news = number.subscribe()]() mutable {
      run_on_own_loop([&]() -> task<> {
        for (;;) {
          const bool changed = co_await news.changed();
          if (!changed) break;
          each.push_back(*news.get());
        }
      });
    });
  }
  for (int i = 1; i <= last; ++i) number.set(i);
  number.close();
  for (std::thread& each : loops) each.join();
  for (const std::vector<int>& each : seen) {
    CHECK(std::is_sorted(each.begin(), each.end()));
    REQUIRE_FALSE(each.empty());
    CHECK(each.back() == last);
  }
}
