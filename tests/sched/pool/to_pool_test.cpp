#include "thread_test.hpp"

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/join_handle.hpp>

#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

using namespace lariat;

namespace {

int twice(int value) { return 2 * value; }

fork_task<int> forked_twice(int value) {
  auto half = [](int part) -> fork_task<int> { co_return part; };
  auto [left, right] = co_await fork_join(half(value), half(value));
  co_return left + right;
}

// Forks until it is cancelled.
fork_task<int> fork_for_ever(std::atomic<bool>* started) {
  auto leaf = []() -> fork_task<int> { co_return 1; };
  for (;;) {
    auto [a, b] = co_await fork_join(leaf(), leaf());
    started->store(a + b == 2);
  }
}

}  // namespace

THREAD_TEST_CASE("to_pool computes on a worker and resumes on the loop's thread",
                 "[sched][to_pool]") {
  pool workers({.workers = 2});
  const std::thread::id here = std::this_thread::get_id();
  const std::thread::id there = co_await to_pool(workers, &std::this_thread::get_id);
  CHECK(there != here);
  CHECK(std::this_thread::get_id() == here);
  const int doubled = co_await to_pool(workers, twice, 21);
  CHECK(doubled == 42);
  const int forked = co_await to_pool(workers, forked_twice, 21);
  CHECK(forked == 42);
}

THREAD_TEST_CASE("without a pool it is the process's", "[sched][to_pool]") {
  const int doubled = co_await to_pool(twice, 4);
  CHECK(doubled == 8);
}

THREAD_TEST_CASE("to_pool gives back references, what only moves, and nothing",
                 "[sched][to_pool]") {
  pool workers({.workers = 1});
  int value = 1;
  auto refer = [&]() -> int& { return value; };
  int& reference = co_await to_pool(workers, refer);
  CHECK(&reference == &value);
  auto set = [&] { value = 2; };
  co_await to_pool(workers, set);
  CHECK(value == 2);
  auto pass = [](std::unique_ptr<int> own) { return own; };
  auto owned = std::make_unique<int>(7);
  std::unique_ptr<int> back = co_await to_pool(workers, pass, std::move(owned));
  CHECK(*back == 7);
}

THREAD_TEST_CASE("an exception of a pool's function comes home", "[sched][to_pool]") {
  pool workers({.workers = 1});
  auto fail = []() -> int { throw std::runtime_error("computed badly"); };
  auto fork_and_fail = [&]() -> fork_task<int> { co_return fail(); };
  int caught = 0;
  try {
    (void)co_await to_pool(workers, fail);
  } catch (const std::runtime_error&) {
    ++caught;
  }
  try {
    (void)co_await to_pool(workers, fork_and_fail);
  } catch (const std::runtime_error&) {
    ++caught;
  }
  CHECK(caught == 2);
}

THREAD_TEST_CASE("a call that waits in the queue is cancelled at once and never runs",
                 "[sched][to_pool]") {
  pool workers({.workers = 1});
  occupation busy;
  auto block = [&] { busy(); };
  join_handle<void> blocker = spawn([&]() -> task<> { co_await to_pool(workers, block); });
  co_await until([&] { return busy.started(); });
  std::atomic<bool> ran{false};
  auto run = [&] { ran = true; };
  join_handle<void> waiting = spawn([&]() -> task<> { co_await to_pool(workers, run); });
  co_await yield();
  waiting.cancel();
  std::string end;
  try {
    co_await waiting;
  } catch (const operation_cancelled&) {
    end = "cancelled";
  }
  CHECK(end == "cancelled");
  CHECK_FALSE(blocker.done());
  busy.release();
  co_await blocker;
  const int after = co_await to_pool(workers, twice, 1);  // The queue is past the dropped call.
  CHECK(after == 2);
  CHECK_FALSE(ran);
}

THREAD_TEST_CASE("a cancel before the call starts nothing", "[sched][to_pool]") {
  pool workers({.workers = 1});
  std::atomic<bool> ran{false};
  auto run = [&] { ran = true; };
  join_handle<void> cancelled = spawn([&]() -> task<> { co_await to_pool(workers, run); });
  cancelled.cancel();
  bool threw = false;
  try {
    co_await cancelled;
  } catch (const operation_cancelled&) {
    threw = true;
  }
  CHECK(threw);
  CHECK_FALSE(ran);
}

THREAD_TEST_CASE("a cancel asks a running function by its stop_token, and waits for its value",
                 "[sched][to_pool]") {
  pool workers({.workers = 1});
  std::atomic<bool> started{false};
  auto until_stopped = [&](std::stop_token stop) {
    started = true;
    while (!stop.stop_requested()) std::this_thread::yield();
    return 5;
  };
  int value = 0;
  join_handle<void> running =
      spawn([&]() -> task<> { value = co_await to_pool(workers, until_stopped); });
  co_await until([&] { return started.load(); });
  running.cancel();
  co_await running;
  CHECK(value == 5);
}

THREAD_TEST_CASE("a cancel ends forks at the next fork", "[sched][to_pool]") {
  pool workers({.workers = 2});
  std::atomic<bool> started{false};
  join_handle<int> running =
      spawn([&]() -> task<int> { co_return co_await to_pool(workers, fork_for_ever, &started); });
  co_await until([&] { return started.load(); });
  running.cancel("enough");
  std::string reason;
  try {
    (void)co_await running;
  } catch (const operation_cancelled& cancelled) {
    reason = cancelled.reason();
  }
  CHECK(reason == "enough");
}

THREAD_TEST_CASE("calls of one task run in parallel", "[sched][to_pool]") {
  pool workers({.workers = 2});
  std::latch both(2);
  auto meet = [&](int value) {
    both.arrive_and_wait();
    return value;
  };
  auto [first, second] = co_await when_all(to_pool(workers, meet, 1), to_pool(workers, meet, 2));
  CHECK(first == 1);
  CHECK(second == 2);
}

THREAD_TEST_CASE("the worker knows on whose behalf it runs", "[sched][to_pool]") {
  pool workers({.workers = 1});
  auto name = [] {
    const context* task = pool::current_task();
    return task == nullptr ? std::string("nobody") : std::string(task->name());
  };
  auto ask = [&]() -> task<std::string> { co_return co_await to_pool(workers, name); };
  join_handle<std::string> named = spawn({.name = "the caller"}, ask);
  const std::string found = co_await named;
  CHECK(found == "the caller");
}

THREAD_TEST_CASE("a pool may be used from a thread, from a pool, and from there again",
                 "[sched][to_pool]") {
  pool workers({.workers = 1});  // Whose only worker helps itself.
  auto inner = [&] { return to_pool(workers, forked_twice, 1).get(); };
  auto middle = [&] { return to_pool(workers, inner).get() + 1; };
  auto outer = [&] { return to_pool(workers, middle).get() + 1; };
  const int sum = co_await to_thread(outer);
  CHECK(sum == 4);
}

THREAD_TEST_CASE("get on a loop's thread is refused", "[sched][to_pool]") {
  pool workers({.workers = 1});
  CHECK_THROWS_AS(to_pool(workers, twice, 1).get(), std::logic_error);
  co_return;
}

TEST_CASE("a fork_task that blocks for another call lets its forks be run meanwhile",
          "[sched][to_pool]") {
  pool workers({.workers = 1});
  struct nested {
    static fork_task<int> leaf(pool* workers) { co_return to_pool(*workers, twice, 1).get(); }
    static fork_task<int> root(pool* workers) {
      auto [a, b, c] = co_await fork_join(leaf(workers), leaf(workers), leaf(workers));
      co_return a + b + c;
    }
  };
  CHECK(to_pool(workers, &nested::root, &workers).get() == 6);
}

// A worker that waits in `get` has forks of its own in its deque while it goes on with stacklets
// that waited elsewhere: neither may take the other's.
TEST_CASE("nested calls inside of forks keep forks and stacklets apart", "[sched][to_pool]") {
  struct nested {
    static fork_task<long> count(int depth) {
      if (depth == 0) co_return 1;
      auto [left, right] = co_await fork_join(count(depth - 1), count(depth - 1));
      co_return left + right;
    }
    static fork_task<long> tree(pool* workers, int depth) {
      if (depth == 0) co_return to_pool(*workers, &nested::count, 8).get();
      auto [left, right] = co_await fork_join(tree(workers, depth - 1), tree(workers, depth - 1));
      co_return left + right;
    }
  };
  pool workers({.workers = 4});
  for (int i = 0; i < 60; ++i) {
    REQUIRE(to_pool(workers, &nested::tree, &workers, 7).get() == 128 * 256);
  }
}
