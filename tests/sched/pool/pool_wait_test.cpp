#include "thread_test.hpp"

#include <lariat/sched/parallel/parallel_for.hpp>
#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/pool/to_pool.hpp>

#include <atomic>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

using namespace lariat;

namespace {

// A call to a pool, and the one that waits for it.
struct known_call {
  const known_call* outer = nullptr;
  [[nodiscard]] bool is_inside(const known_call* other) const {
    for (const known_call* each = this; each != nullptr; each = each->outer) {
      if (each == other) return true;
    }
    return false;
  }
};

// What this thread waits for in `get`.
thread_local const known_call* waited_for = nullptr;
const known_call* exchange_waited(const known_call* next) {
  return std::exchange(waited_for, next);  // Apart: a fork_task may wake on another thread.
}

std::atomic<int> strangers{0};

void count_strangers(const known_call* mine) {
  if (waited_for != nullptr && !mine->is_inside(waited_for)) ++strangers;
}

// Calls inside of calls, each in parallel, and each in a loop that is run in parallel itself.
void nest(pool& workers, const known_call* outer, int depth) {
  const known_call mine{outer};
  const known_call* const before = exchange_waited(&mine);
  parallel_for(0, 6,
               [&](int i) {
                 count_strangers(&mine);
                 if (depth > 0 && i % 2 == 0) nest(workers, &mine, depth - 1);
                 count_strangers(&mine);
               },
               {.grain = 1, .where = &workers})
      .get();
  (void)exchange_waited(before);
}

struct fork_tree {
  static fork_task<long> count(const known_call* mine, int depth) {
    count_strangers(mine);
    if (depth == 0) co_return 1;
    auto [left, right] = co_await fork_join(count(mine, depth - 1), count(mine, depth - 1));
    co_return left + right;
  }
  static fork_task<long> nested(pool* workers, const known_call* mine, int depth) {
    count_strangers(mine);
    if (depth == 0) {
      const known_call inner{mine};
      const known_call* const before = exchange_waited(&inner);
      const long leaves = to_pool(*workers, &fork_tree::count, &inner, 6).get();
      (void)exchange_waited(before);
      co_return leaves;
    }
    auto [left, right] =
        co_await fork_join(nested(workers, mine, depth - 1), nested(workers, mine, depth - 1));
    co_return left + right;
  }
};

}  // namespace

TEST_CASE("a worker that waits in get runs nothing but what it waits for", "[sched][pool_wait]") {
  strangers = 0;
  pool workers({.workers = 4});
  for (int i = 0; i < 20; ++i) {
    const known_call all;
    parallel_for(0, 8, [&](int) { nest(workers, &all, 2); }, {.grain = 1, .where = &workers}).get();
    CHECK(to_pool(workers, &fork_tree::nested, &workers, &all, 5).get() == 32 * 64);
  }
  CHECK(strangers == 0);
}

TEST_CASE("get under a mutex does not run a job that wants the mutex", "[sched][pool_wait]") {
  pool workers({.workers = 4});
  std::mutex mutex;
  std::atomic<int> done{0};
  for (int round = 0; round < 10; ++round) {
    parallel_for(
        0, 40,
        [&](int) {
          const std::lock_guard lock(mutex);
          parallel_for(0, 500, [&](int) { ++done; }, {.grain = 5, .where = &workers}).get();
        },
        {.grain = 1, .where = &workers})
        .get();
  }
  CHECK(done == 10 * 40 * 500);
}

TEST_CASE("a worker that waits in get helps with what others have stolen of it",
          "[sched][pool_wait]") {
  struct scene {
    static fork_task<> meet(std::latch* both) {
      both->arrive_and_wait();  // Passed only if two workers are in it.
      co_return;
    }
    static fork_task<> first(std::latch* stolen) {
      stolen->wait();
      co_return;
    }
    static fork_task<> second(std::latch* stolen, std::latch* both) {
      stolen->count_down();
      co_await fork_join(meet(both), meet(both));
    }
    static fork_task<> inner() {
      std::latch stolen(1);
      std::latch both(2);
      co_await fork_join(first(&stolen), second(&stolen, &both));
    }
  };
  pool workers({.workers = 2});
  for (int i = 0; i < 50; ++i) {
    to_pool(workers, [&] { to_pool(workers, &scene::inner).get(); }).get();
  }
}

TEST_CASE("a worker may wait for another pool", "[sched][pool_wait]") {
  pool outer({.workers = 1});
  pool inner({.workers = 1});
  std::thread::id here;
  std::thread::id there;
  to_pool(outer, [&] {
    here = std::this_thread::get_id();
    there = to_pool(inner, &std::this_thread::get_id).get();
  }).get();
  CHECK(here != std::thread::id());
  CHECK(there != std::thread::id());
  CHECK(here != there);
}

TEST_CASE("pools that would wait for each other are told", "[sched][pool_wait]") {
  pool one({.workers = 1}, "one");
  pool two({.workers = 1}, "two");
  std::string text;
  auto back = [&] { return to_pool(one, [] { return 1; }).get(); };
  auto there = [&] { return to_pool(two, back).get(); };
  try {
    (void)to_pool(one, there).get();
  } catch (const std::logic_error& error) {
    text = error.what();
  }
  CHECK(text.find("deadlock: a worker of pool two would wait for pool one") != text.npos);
  CHECK(to_pool(one, [&] { return to_pool(two, [] { return 2; }).get(); }).get() == 2);
}
