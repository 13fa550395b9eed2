// The primitives that threads share, from two loops and threads at once, with timeouts and cancels
// that race what they wait for.

#include "own_loop.hpp"

#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/concurrent/concurrent_event.hpp>
#include <lariat/sched/concurrent/concurrent_mutex.hpp>
#include <lariat/sched/concurrent/concurrent_semaphore.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timeout.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <random>
#include <thread>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t most = 3;

// What is used, and what is wrong with it.
struct shared_state {
  concurrent_mutex door;
  concurrent_semaphore permits{most, most};
  long number = 0;  // Under the mutex.
  std::atomic<long> added = 0;
  std::atomic<std::size_t> held = 0;
  std::atomic<int> faults = 0;

  void add() {
    ++number;
    added.fetch_add(1, std::memory_order_relaxed);
  }
  void enter(std::size_t count) {
    if (held.fetch_add(count) + count > most) ++faults;
  }
};

task<> use(shared_state& state, std::size_t count, bool waits) {
  {
    const concurrent_semaphore::permit permit = co_await state.permits.acquire(count);
    state.enter(count);
    if (!waits) {
      state.held -= count;
    } else {
      struct leave {
        shared_state& state;
        std::size_t count;
        ~leave() { state.held -= count; }
      } const at_end{state, count};
      co_await yield();
    }
  }
  const concurrent_mutex::guard guard = co_await state.door.lock();
  state.add();
}

task<> work(shared_state& state, unsigned seed, int rounds) {
  std::mt19937 random(seed);
  for (int i = 0; i < rounds; ++i) {
    std::vector<join_handle<void>> all;
    for (int j = 0; j < 4; ++j) {
      all.push_back(
          spawn({.name = "use"}, use, std::ref(state), 1 + random() % most, random() % 4 == 0));
    }
    const auto limited = [&]() -> task<> {
      (void)co_await try_timeout(std::chrono::microseconds(random() % 40), use(state, 2, true));
    };
    co_await limited();
    if (random() % 2 == 0) co_await yield();
    all[random() % all.size()].cancel();
    for (join_handle<void>& each : all) {
      try {
        co_await each;
      } catch (const operation_cancelled&) {
      }
    }
  }
}

void work_blocking(shared_state& state, unsigned seed, int rounds) {
  std::mt19937 random(seed);
  for (int i = 0; i < rounds; ++i) {
    const std::size_t count = 1 + random() % most;
    if (auto permit =
            state.permits.acquire_blocking_for(std::chrono::microseconds(random() % 60), count)) {
      state.enter(count);
      state.held -= count;
    }
    const concurrent_mutex::guard guard =
        state.door.lock_blocking_for(std::chrono::microseconds(random() % 60));
    if (guard) state.add();
  }
}

}  // namespace

TEST_CASE("loops and threads share a mutex and permits, while waits are cut short",
          "[concurrent][stress]") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  constexpr int rounds = 20'000;
  shared_state state;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 2; ++i) {
    threads.emplace_back([&state, from = seed + i] {
      run_on_own_loop([&]() -> task<> { return work(state, from, rounds); });
    });
    threads.emplace_back(
        [&state, from = seed + 10 + i] { work_blocking(state, from, 4 * rounds); });
  }
  for (std::thread& each : threads) each.join();
  CHECK(state.faults == 0);
  CHECK(state.held == 0);
  CHECK(state.number == state.added);
  CHECK(state.permits.available() == most);
  CHECK_FALSE(state.door.locked());
}
