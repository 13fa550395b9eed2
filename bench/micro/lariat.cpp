// What lariat's tasks, loop and timers cost, beside the bare coroutine of bare.cpp.

#include <lariat/runtime/run/run.hpp>
#include <lariat/sched/channel/channel.hpp>
#include <lariat/sched/channel/queue.hpp>
#include <lariat/sched/concurrent/concurrent_event.hpp>
#include <lariat/sched/concurrent/concurrent_mutex.hpp>
#include <lariat/sched/concurrent/concurrent_semaphore.hpp>
#include <lariat/sched/executor/detail/timer_wheel.hpp>
#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/sync/mutex.hpp>
#include <lariat/sched/sync/semaphore.hpp>
#include <lariat/sched/task/result.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/task.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace {

using namespace lariat;
using namespace std::chrono_literals;

[[gnu::noinline]] task<int> leaf(int value) { co_return value; }

// Runs a benchmark's body as the main task of a loop.
template <task<> (*body)(benchmark::State&)>
void on_loop(benchmark::State& state) {
  run(body(state));
}

task<> await_ready_task(benchmark::State& state) {
  for (auto _ : state) {
    int value = co_await leaf(1);
    benchmark::DoNotOptimize(value);
  }
}
BENCHMARK(on_loop<await_ready_task>)->Name("call/lariat");

task<> await_chain(benchmark::State& state);
[[gnu::noinline]] task<int> chain(int depth) {
  if (depth == 0) co_return 1;
  int value = co_await chain(depth - 1);
  co_return value;
}
task<> await_chain(benchmark::State& state) {
  for (auto _ : state) {
    int value = co_await chain(99);
    benchmark::DoNotOptimize(value);
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(on_loop<await_chain>)->Name("chain_of_100/lariat");

task<> yield_alone(benchmark::State& state) {
  for (auto _ : state) co_await yield();
}
BENCHMARK(on_loop<yield_alone>)->Name("yield/lariat");

task<> spin(const bool& stop) {
  while (!stop) co_await yield();
}

// Two tasks that yield to each other: an iteration is one turn of each.
task<> yield_pair(benchmark::State& state) {
  bool stop = false;
  auto other = spawn(spin, std::cref(stop));
  co_await yield();
  for (auto _ : state) co_await yield();
  stop = true;
  co_await other;
  state.SetItemsProcessed(state.iterations() * 2);
}
BENCHMARK(on_loop<yield_pair>)->Name("yield_pair/lariat");

task<> spawn_join(benchmark::State& state) {
  for (auto _ : state) {
    auto handle = spawn(leaf, 1);
    int value = co_await handle;
    benchmark::DoNotOptimize(value);
  }
}
BENCHMARK(on_loop<spawn_join>)->Name("spawn_join/lariat");

task<> when_all_pair(benchmark::State& state) {
  for (auto _ : state) {
    auto values = co_await when_all(leaf(1), leaf(2));
    benchmark::DoNotOptimize(values);
  }
}
BENCHMARK(on_loop<when_all_pair>)->Name("when_all_pair/lariat");

// Two arms of which the first to start is ready: the other has not begun.
task<> select_ready_pair(benchmark::State& state) {
  for (auto _ : state) {
    auto [left, right] = co_await select(leaf(1), leaf(2));
    benchmark::DoNotOptimize(left.has_value() || right.has_value());
  }
}
BENCHMARK(on_loop<select_ready_pair>)->Name("select_ready/lariat");

// Two arms of which one is ready and the other waits, or would: it has to be cancelled.
task<> select_waiting_pair(benchmark::State& state) {
  queue<int> items(1);
  for (auto _ : state) {
    (void)items.try_put(1);
    auto [taken, late] = co_await select_in_order(sleep_for(1h), items.get());
    benchmark::DoNotOptimize(taken.has_value() || late.has_value());
  }
}
BENCHMARK(on_loop<select_waiting_pair>)->Name("select_waiting/lariat");

// The primitives of one loop, and those that all threads share.
template <class Mutex>
task<> lock_free_mutex(benchmark::State& state) {
  Mutex door;
  for (auto _ : state) {
    typename Mutex::guard held = co_await door.lock();
    benchmark::DoNotOptimize(held);
  }
}
BENCHMARK(on_loop<lock_free_mutex<mutex>>)->Name("mutex/lariat");
BENCHMARK(on_loop<lock_free_mutex<concurrent_mutex>>)->Name("concurrent_mutex/lariat");

template <class Semaphore>
task<> acquire_release(benchmark::State& state) {
  Semaphore seats(2);
  for (auto _ : state) {
    typename Semaphore::permit seat = co_await seats.acquire();
    benchmark::DoNotOptimize(seat);
  }
}
BENCHMARK(on_loop<acquire_release<semaphore>>)->Name("semaphore/lariat");
BENCHMARK(on_loop<acquire_release<concurrent_semaphore>>)->Name("concurrent_semaphore/lariat");

template <class Event>
task<> wait_for_set_event(benchmark::State& state) {
  Event gate;
  gate.set();
  for (auto _ : state) co_await gate.wait();
}
BENCHMARK(on_loop<wait_for_set_event<event>>)->Name("event/lariat");
BENCHMARK(on_loop<wait_for_set_event<concurrent_event>>)->Name("concurrent_event/lariat");

task<> put_get(benchmark::State& state) {
  queue<int> items;
  for (auto _ : state) {
    co_await items.put(1);
    std::optional<int> item = co_await items.get();
    benchmark::DoNotOptimize(item);
  }
}
BENCHMARK(on_loop<put_get>)->Name("queue/lariat");

task<> send_numbers(channel_sender<int> to) {
  for (int i = 0; !to.closed(); ++i) (void)co_await as_result(to.send(i));
}

// From one task to another; an iteration is one item.
task<> pass_items(benchmark::State& state) {
  auto [to, from] = channel<int>(64);
  auto sending = spawn(send_numbers, std::move(to));
  for (auto _ : state) {
    std::optional<int> item = co_await from.receive();
    benchmark::DoNotOptimize(item);
  }
  from.close_now();
  co_await sending;
}
BENCHMARK(on_loop<pass_items>)->Name("channel/lariat");

// Gives up a mutex that another task waits for, and waits for it again.
task<> pass_on(mutex& door, const bool& stop) {
  mutex::guard held = co_await door.lock();
  while (!stop) {
    held.unlock();
    held = co_await door.lock();
  }
}

// Two tasks that pass a mutex to and fro: an iteration is a hand-over each way.
task<> hand_over_pair(benchmark::State& state) {
  mutex door;
  bool stop = false;
  mutex::guard held = co_await door.lock();
  auto other = spawn(pass_on, std::ref(door), std::cref(stop));
  co_await yield();
  for (auto _ : state) {
    held.unlock();
    held = co_await door.lock();
  }
  stop = true;
  held.unlock();
  co_await other;
  state.SetItemsProcessed(state.iterations() * 2);
}
BENCHMARK(on_loop<hand_over_pair>)->Name("mutex_pair/lariat");

}  // namespace

BENCHMARK_MAIN();
