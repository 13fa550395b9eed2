// Tasks, handles and cancels thrown at each other in every order, with seeds that are printed when
// a round fails.

#include "fake_loop.hpp"

#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/scope/when_any.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

// Counts coroutine bodies that are running: none may be left at the end.
class alive {
 public:
  explicit alive(std::atomic<int>& count) noexcept : count_(count) { ++count_; }
  alive(const alive&) = delete;
  ~alive() { --count_; }

 private:
  std::atomic<int>& count_;
};

struct failure : std::runtime_error {
  failure() : std::runtime_error("planned") {}
};

// A tree of tasks that nests every combinator, chosen at random, over leaves that wait, yield,
// fail, or take their time to clean up.
class forest {
 public:
  forest(unsigned seed, std::atomic<int>& count) : random_(seed), count_(count) {}

  task<int> tree(int depth) {
    const alive guard(count_);
    if (depth == 0) {
      const int value = co_await leaf();
      co_return value;
    }
    switch (below(6)) {
      case 0: {
        auto [a, b] = co_await when_all(tree(depth - 1), tree(depth - 1));
        co_return a + b;
      }
      case 1: {
        auto first = co_await when_any(tree(depth - 1), tree(depth - 1));
        co_return static_cast<int>(first.index);
      }
      case 2: {
        std::optional<int> value = co_await try_timeout(some_time(), tree(depth - 1));
        co_return value.value_or(0);
      }
      case 3:
        co_return co_await group(depth);
      case 4: {
        auto [a, b] = co_await when_all_settled(tree(depth - 1), tree(depth - 1));
        co_return a.has_value() + b.has_value();
      }
      default: {
        const int value = co_await uncancellable(tree(depth - 1));
        co_return value;
      }
    }
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  std::chrono::nanoseconds some_time() { return std::chrono::microseconds(below(50)); }

  task<int> leaf() {
    const alive guard(count_);
    bool cancelled = false;
    try {
      if (below(2) == 0) {
        co_await yield();
      } else {
        co_await sleep_for(some_time());
      }
    } catch (const operation_cancelled&) {
      if (below(3) == 0) throw;
      cancelled = true;
    }
    if (cancelled) co_await uncancellable(sleep_for(some_time()));
    if (below(10) == 0) throw failure();
    co_return 1;
  }

  task<int> group(int depth) {
    const alive guard(count_);
    auto body = [this, depth](task_group& scope) -> task<int> {
      for (int i = 0; i < 3; ++i) scope.spawn(&forest::tree, this, depth - 1).detach();
      const std::uint64_t choice = below(4);
      if (choice == 0) scope.cancel("by its body");
      co_await sleep_for(some_time());
      co_return 2;
    };
    const int value = co_await task_group::with(body);
    co_return value;
  }

  std::mt19937_64 random_;
  std::atomic<int>& count_;
};

}  // namespace

TEST_CASE("random trees of combinators end, whenever they are cancelled", "[stress]") {
  for (unsigned seed = 0; seed < 400; ++seed) {
    INFO("seed " << seed);
    std::atomic<int> count = 0;
    run_on_fake_loop([&]() -> task<> {
      failure_log log(*loop::current());
      std::mt19937_64 random(seed);
      forest trees(seed, count);
      join_handle<int> handle = spawn(&forest::tree, &trees, 4);
      if (seed % 3 != 0) {
        co_await sleep_for(std::chrono::microseconds(random() % 100));
        handle.cancel("by the test");
      }
      const outcome<int> end = co_await as_result(handle);
      const bool ended = end.has_value() || end.error() != nullptr;
      CHECK(ended);
      CHECK(loop::current()->live() == 1);
    });
    CHECK(count == 0);
  }
}

TEST_CASE("spawns, cancels, drops and gets of several threads", "[stress][threads]") {
  std::atomic<int> count = 0;
  std::atomic<int> ended = 0;
  constexpr int rounds = 3000;
  constexpr int threads = 3;
  {
    loop_thread first;
    loop_thread second;
    failure_log first_log(first.loop());
    failure_log second_log(second.loop());
    auto body = [&](unsigned seed) -> task<int> {
      const alive guard(count);
      for (unsigned i = 0; i < seed % 5; ++i) co_await yield();
      ++ended;
      if (seed % 7 == 0) throw failure();
      co_return 1;
    };
    auto work = [&](unsigned id) {
      std::mt19937 random(id);
      for (int round = 0; round < rounds; ++round) {
        loop_thread& where = random() % 2 == 0 ? first : second;
        join_handle<int> handle = where.spawn(body, static_cast<unsigned>(random()));
        const unsigned choice = random() % 4;
        if (random() % 2 == 0) handle.cancel("by another thread");
        if (choice == 0) {
          try {
            (void)handle.get();
          } catch (const failure&) {
          } catch (const operation_cancelled&) {
          }
        } else if (choice == 1) {
          std::thread([moved = std::move(handle)]() mutable {
            moved.cancel("by a third thread");
            moved.detach();
          }).join();
        } else if (choice == 2) {
          while (!handle.done()) std::this_thread::yield();
        }
      }
    };
    std::vector<std::thread> workers;
    for (unsigned id = 0; id < threads; ++id) workers.emplace_back(work, id);
    for (std::thread& each : workers) each.join();
    for (loop_thread* each : {&first, &second}) each->finish();
  }
  CHECK(count == 0);
  CHECK(ended > 0);
}

TEST_CASE("tasks of two loops wait for each other's tasks, and are cancelled meanwhile",
          "[stress][threads]") {
  std::atomic<int> count = 0;
  {
    loop_thread first;
    loop_thread second;
    auto inner = [&](unsigned seed) -> task<int> {
      const alive guard(count);
      for (unsigned i = 0; i < seed % 10; ++i) co_await yield();
      co_return 1;
    };
    auto outer = [&](loop_thread& other, unsigned seed) -> task<int> {
      const alive guard(count);
      join_handle<int> handle = other.spawn(inner, seed);
      int value = 0;
      if (seed % 2 == 0) {
        value = co_await handle;
      } else {
        value = co_await shield(handle);
      }
      co_return value;
    };
    std::mt19937 random(1);
    for (int round = 0; round < 5000; ++round) {
      loop_thread& here = round % 2 == 0 ? first : second;
      loop_thread& there = round % 2 == 0 ? second : first;
      join_handle<int> handle = here.spawn(outer, std::ref(there), static_cast<unsigned>(random()));
      for (unsigned i = random() % 3; i > 0; --i) std::this_thread::yield();
      if (random() % 2 == 0) handle.cancel("in between");
      if (random() % 2 == 0) continue;
      try {
        (void)handle.get();
      } catch (const operation_cancelled&) {
      }
    }
    for (int i = 0; i < 2; ++i) {
      for (loop_thread* each : {&first, &second}) each->finish();
    }
  }
  CHECK(count == 0);
}

TEST_CASE("loops that come and go while others post to them", "[stress][threads]") {
  for (int round = 0; round < 500; ++round) {
    loop_thread short_lived;
    std::atomic<int> seen = 0;
    std::vector<std::thread> posters;
    for (int i = 0; i < 2; ++i) {
      posters.emplace_back([&] {
        join_handle<void> handle = short_lived.spawn([&]() -> task<> {
          ++seen;
          co_return;
        });
        handle.get();
      });
    }
    for (std::thread& each : posters) each.join();
    CHECK(seen == 2);
  }
}
