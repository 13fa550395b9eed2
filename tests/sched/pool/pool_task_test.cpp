#include "combinator_test.hpp"
#include "thread_test.hpp"

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/channel/oneshot.hpp>
#include <lariat/sched/parallel/parallel_reduce.hpp>
#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/stop.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/scope/when_any.hpp>
#include <lariat/sched/task/generator.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timeout.hpp>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

using thread_id = std::thread::id;

bool on_worker() { return pool::current_task() != nullptr && loop::current() == nullptr; }

task<int> twice(int value) { co_return 2 * value; }

// Where a task stands after each of several awaits.
task<bool> stays_on_worker() {
  bool stayed = on_worker();
  co_await yield();
  stayed = stayed && on_worker();
  co_await sleep_for(1us);
  stayed = stayed && on_worker();
  const int doubled = co_await twice(2);
  stayed = stayed && on_worker() && doubled == 4;
  auto id = [] { return std::this_thread::get_id(); };
  const thread_id elsewhere = co_await to_thread(id);
  co_return stayed&& on_worker() && elsewhere != std::this_thread::get_id();
}

}  // namespace

THREAD_TEST_CASE("a task on a pool runs on a worker, after every await", "[sched][pool_task]") {
  pool workers({.workers = 2});
  const bool stayed = co_await to_pool(workers, stays_on_worker);
  CHECK(stayed);
  CHECK(loop::current() != nullptr);
}

THREAD_TEST_CASE("its value comes home: nothing, references, what only moves",
                 "[sched][pool_task]") {
  pool workers({.workers = 1});
  int value = 1;
  auto set = [&]() -> task<> {
    value = 2;
    co_return;
  };
  co_await to_pool(workers, set);
  CHECK(value == 2);
  auto refer = [&]() -> task<int&> { co_return value; };
  int& reference = co_await to_pool(workers, refer);
  CHECK(&reference == &value);
  auto pass = [](std::unique_ptr<int> own) -> task<std::unique_ptr<int>> {
    co_await yield();
    co_return own;
  };
  auto owned = std::make_unique<int>(7);
  std::unique_ptr<int> back = co_await to_pool(workers, pass, std::move(owned));
  CHECK(*back == 7);
}

THREAD_TEST_CASE("its exception comes home, and so does one of its operations",
                 "[sched][pool_task]") {
  pool workers({.workers = 1});
  auto fail = []() -> task<int> {
    co_await yield();
    throw std::runtime_error("computed badly");
  };
  auto catch_there = []() -> task<std::string> {
    auto refuse = []() -> int { throw std::runtime_error("blocked badly"); };
    std::string text;
    try {
      co_await to_thread(refuse);
    } catch (const std::runtime_error& error) {
      text = on_worker() ? error.what() : "caught on the loop";
    }
    co_return text;
  };
  std::string caught;
  try {
    co_await to_pool(workers, fail);
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  CHECK(caught == "computed badly");
  const std::string there = co_await to_pool(workers, catch_there);
  CHECK(there == "blocked badly");
}

THREAD_TEST_CASE("an operation that is refused there throws there", "[sched][pool_task]") {
  pool workers({.workers = 1});
  auto ends = oneshot<int>();
  auto receive = [&]() -> task<int> { co_return co_await ends.receiver; };
  join_handle<int> first = spawn(receive);
  co_await yield();
  const std::string end = co_await end_of(to_pool(workers, receive));
  CHECK(end == "lariat: oneshot: another task awaits it");
  ends.sender.set(1);
  const int value = co_await first;
  CHECK(value == 1);
}

THREAD_TEST_CASE("a task on a pool is on the one that was named, or on its own",
                 "[sched][pool_task]") {
  pool workers({.workers = 1});
  pool others({.workers = 1});
  auto here = []() -> task<pool*> { co_return &pool::current(); };
  auto body = [&]() -> task<bool> {
    pool* const own = co_await to_pool(here);
    pool* const other = co_await to_pool(others, here);
    co_return own == &workers&& other == &others&&& pool::current() == &workers;
  };
  const bool right = co_await to_pool(workers, body);
  CHECK(right);
}

THREAD_TEST_CASE("a worker works for no task when it has given one up", "[sched][pool_task]") {
  pool workers({.workers = 1});
  auto rest = []() -> task<> { co_await yield(); };
  co_await to_pool(workers, rest);
  std::atomic<bool> looked{false};
  const context* seen = nullptr;
  call look([&] {
    seen = pool::current_task();
    looked = true;
  });
  workers.post(look);
  co_await until([&] { return looked.load(); });
  CHECK(seen == nullptr);
}

THREAD_TEST_CASE("who awaits what a task on a pool is suspended in can be followed",
                 "[sched][pool_task]") {
  pool workers({.workers = 1});
  auto inner = []() -> task<> { co_await sleep_for(1h); };
  auto outer = [&]() -> task<> { co_await inner(); };
  join_handle<void> running = spawn([&]() -> task<> { co_await to_pool(workers, outer); });
  const detail::promise_base* waiter = nullptr;
  co_await until([&] {
    loop::current()->for_each_task([&](const context& each) {
      if (each.computing_on() != nullptr && each.waiting_in() != nullptr) {
        waiter = each.waiting_in()->waiter();
      }
    });
    return waiter != nullptr;
  });
  CHECK(waiter->awaiter() != nullptr);
  CHECK(waiter->site().line() != 0);
  running.cancel();
  const std::string end = co_await end_of(running);
  CHECK(end == "cancelled");
}

THREAD_TEST_CASE("the children of when_all run in parallel there", "[sched][pool_task]") {
  pool workers({.workers = 2});
  std::latch both(2);
  auto meet = [&](int value) -> task<int> {
    both.arrive_and_wait();  // Concurrent children would wait for ever.
    co_return on_worker() ? value : 0;
  };
  auto sum = [&]() -> task<int> {
    auto [first, second] = co_await when_all(meet(1), meet(2));
    co_return first + second;
  };
  const int got = co_await to_pool(workers, sum);
  CHECK(got == 3);
}

THREAD_TEST_CASE("when_all there gives the first failure when all have ended",
                 "[sched][pool_task]") {
  pool workers({.workers = 2});
  std::atomic<int> ended{0};
  auto fail = [&]() -> task<> {
    ++ended;
    throw std::runtime_error("first");
    co_return;
  };
  auto sleep = [&]() -> task<> {
    struct at_end {
      std::atomic<int>& count;
      ~at_end() { ++count; }
    } const mark{ended};
    co_await sleep_for(1h);
  };
  auto both = [&]() -> task<> { co_await when_all(sleep(), fail(), sleep()); };
  join_handle<void> running = spawn([&]() -> task<> { co_await to_pool(workers, both); });
  const std::string end = co_await end_of(running);
  CHECK(end == "first");
  CHECK(ended == 3);
}

THREAD_TEST_CASE("a deep tree of when_all there", "[sched][pool_task]") {
  struct tree {
    static task<int> count(int depth) {
      if (depth == 0) co_return 1;
      auto [left, right] = co_await when_all(count(depth - 1), count(depth - 1));
      co_return left + right;
    }
  };
  pool workers({.workers = 3});
  const int leaves = co_await to_pool(workers, &tree::count, 9);
  CHECK(leaves == 512);
}

THREAD_TEST_CASE("a cancel reaches the operation that a pool's task is suspended in",
                 "[sched][pool_task]") {
  pool workers({.workers = 1});
  std::atomic<bool> asleep{false};
  auto sleep = [&]() -> task<> {
    asleep = true;
    co_await sleep_for(1h);
  };
  join_handle<void> running = spawn([&]() -> task<> { co_await to_pool(workers, sleep); });
  co_await until([&] { return asleep.load(); });
  running.cancel("enough");
  const std::string end = co_await end_of(running);
  CHECK(end == "cancelled enough");
}

THREAD_TEST_CASE("a cancel of one that computes is delivered by its next operation",
                 "[sched][pool_task]") {
  pool workers({.workers = 1});
  occupation busy;
  bool slept = false;
  auto compute = [&]() -> task<> {
    busy();
    co_await sleep_for(0s);
    slept = true;
  };
  join_handle<void> running = spawn([&]() -> task<> { co_await to_pool(workers, compute); });
  co_await until([&] { return busy.started(); });
  running.cancel("enough");
  co_await yield();
  CHECK_FALSE(running.done());
  busy.release();
  const std::string end = co_await end_of(running);
  CHECK(end == "cancelled enough");
  CHECK_FALSE(slept);
}

THREAD_TEST_CASE("a task that has ended is joined there, whatever cancel is pending",
                 "[sched][pool_task]") {
  pool workers({.workers = 1});
  occupation busy;
  join_handle<int> ended = spawn(twice, 2);
  co_await until([&] { return ended.done(); });
  int value = 0;
  auto join = [&]() -> task<> {
    busy();
    value = co_await ended;
    co_await yield();
  };
  join_handle<void> running = spawn([&]() -> task<> { co_await to_pool(workers, join); });
  co_await until([&] { return busy.started(); });
  running.cancel("late");
  busy.release();
  const std::string end = co_await end_of(running);
  CHECK(end == "cancelled late");
  CHECK(value == 4);
}

THREAD_TEST_CASE("a value that a cancelled task gives all the same is delivered",
                 "[sched][pool_task]") {
  pool workers({.workers = 1});
  occupation busy;
  int value = 0;
  auto compute = [&]() -> task<int> {
    busy();
    co_return 5;
  };
  join_handle<void> running =
      spawn([&]() -> task<> { value = co_await to_pool(workers, compute); });
  co_await until([&] { return busy.started(); });
  running.cancel();
  busy.release();
  co_await running;
  CHECK(value == 5);
}

THREAD_TEST_CASE("a cancel before the start runs nothing", "[sched][pool_task]") {
  pool workers({.workers = 1});
  std::atomic<bool> ran{false};
  auto run = [&]() -> task<> {
    ran = true;
    co_return;
  };
  join_handle<void> before = spawn([&]() -> task<> { co_await to_pool(workers, run); });
  before.cancel();
  const std::string end = co_await end_of(before);
  CHECK(end == "cancelled");
  const std::string pending =
      co_await end_under_cancel([&]() -> task<> { co_await to_pool(workers, run); });
  CHECK(pending == "cancelled early");
  join_handle<void> queued = spawn([&]() -> task<> { co_await to_pool(workers, run); });
  co_await yield();  // It awaits the pool now, and what is to run there is still on the loop.
  queued.cancel("in between");
  const std::string between = co_await end_of(queued);
  CHECK(between == "cancelled in between");
  CHECK_FALSE(ran);
}

THREAD_TEST_CASE("a deadline belongs to its loop, so a body on a pool may only read it",
                 "[sched][pool_task][deadline]") {
  pool workers({.workers = 2});
  auto on_pool = []() -> task<std::string> {
    auto body = [](deadline& until) -> task<std::string> {
      const steady_time before = until.when();
      std::string refusal;
      try {
        until.extend(1h);
      } catch (const std::logic_error& error) {
        refusal = error.what();
      }
      co_return until.when() == before ? refusal : "it moved";
    };
    co_return co_await with_deadline(1h, body);
  };
  const std::string refusal = co_await to_pool(workers, on_pool);
  CHECK(refusal.find("lariat: deadline: only the thread of its loop may change it") == 0);
}

THREAD_TEST_CASE("timeout, when_any, as_result and stop tokens work there", "[sched][pool_task]") {
  pool workers({.workers = 2});
  auto body = []() -> task<std::string> {
    std::optional<detail::nothing> in_time = co_await try_timeout(1ms, sleep_for(1h));
    if (in_time) co_return "not late";
    auto stuck = []() -> task<int> {
      co_await sleep_for(1h);
      co_return 0;
    };
    auto first = co_await when_any(stuck(), twice(21));
    if (first.index != 1 || std::get<1>(first.value) != 42) co_return "the wrong one was first";
    std::stop_token stop = co_await get_stop_token();
    if (stop.stop_requested()) co_return "stopped";
    co_return on_worker() ? "on a worker" : "elsewhere";
  };
  const std::string end = co_await to_pool(workers, body);
  CHECK(end == "on a worker");
}

THREAD_TEST_CASE("an uncancellable body runs on the loop", "[sched][pool_task]") {
  pool workers({.workers = 1});
  occupation busy;
  bool cleaned = false;
  auto clean = [&]() -> task<> {
    const bool there = loop::current() != nullptr;
    co_await sleep_for(0s);
    co_await yield();
    cleaned = there && loop::current() != nullptr;
  };
  auto compute = [&]() -> task<> {
    busy();
    co_await uncancellable(clean());
    if (!on_worker()) throw std::runtime_error("not back");
    co_await yield();
  };
  join_handle<void> running = spawn([&]() -> task<> { co_await to_pool(workers, compute); });
  co_await until([&] { return busy.started(); });
  running.cancel("late");
  co_await yield();
  busy.release();
  const std::string end = co_await end_of(running);
  CHECK(end == "cancelled late");
  CHECK(cleaned);
}

THREAD_TEST_CASE("generators, spawn and nested pools work there", "[sched][pool_task]") {
  pool workers({.workers = 2});
  struct body {
    static async_generator<int> numbers() {
      for (int i = 1; i <= 3; ++i) {
        co_await yield();
        co_yield i;
      }
    }
    static task<int> run(pool* workers) {
      int sum = 0;
      async_generator<int> all = numbers();
      for (;;) {
        std::optional<int> each = co_await all.next();
        if (!each) break;
        sum += *each;
      }
      join_handle<int> spawned = spawn(twice, 10);  // On the loop.
      sum += co_await spawned;
      sum += co_await to_pool(twice, 50);  // On this pool.
      const std::vector<int> hundred(100, 1);
      sum += co_await parallel_reduce(hundred, 0, std::plus<>());
      sum += to_pool(*workers, std::plus<>(), 500, 500).get();
      co_return on_worker() ? sum : 0;
    }
  };
  const int sum = co_await to_pool(workers, &body::run, &workers);
  CHECK(sum == 6 + 20 + 100 + 100 + 1000);
}

THREAD_TEST_CASE("a group's spawn from a worker is refused", "[sched][pool_task]") {
  pool workers({.workers = 1});
  auto grouped = []() -> task<std::string> {
    std::string refusal;
    auto body = [&](task_group& group) -> task<> {
      try {
        group.spawn(twice, 1);
      } catch (const std::logic_error& error) {
        refusal = error.what();
      }
      co_return;
    };
    co_await task_group::with(body);
    co_return refusal;
  };
  const std::string refusal = co_await to_pool(workers, grouped);
  CHECK(refusal.find("such as a pool's worker") != std::string::npos);
}

THREAD_TEST_CASE("a lambda's captures live as long as its task", "[sched][pool_task]") {
  pool workers({.workers = 1});
  auto body = [value = std::make_shared<int>(47)]() -> task<int> {
    co_await yield();
    co_return *value;
  };
  const int read = co_await to_pool(workers, std::move(body));
  CHECK(read == 47);
}

THREAD_TEST_CASE("many tasks on a pool, each with operations and children", "[sched][pool_task]") {
  pool workers({.workers = 4});
  auto work = [](int value) -> task<int> {
    co_await yield();
    auto [a, b] = co_await when_all(twice(value), twice(value));
    co_await sleep_for(1us);
    co_return a + b;
  };
  std::vector<task<int>> bodies;
  for (int i = 0; i < 200; ++i) {
    bodies.push_back([](pool& where, auto& function, int value) -> task<int> {
      co_return co_await to_pool(where, function, value);
    }(workers, work, i));
  }
  const std::vector<int> values = co_await when_all(std::move(bodies));
  CHECK(std::accumulate(values.begin(), values.end(), 0) == 4 * 199 * 200 / 2);
}
