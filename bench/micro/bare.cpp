// The reference that a task is held against: a coroutine that can do nothing but be awaited.
// A benchmark is named "what/library", so that the harness sets lariat's beside this one.

#include "../bare_coroutine.hpp"

#include <benchmark/benchmark.h>

using bench::bare_coroutine;
using bench::detached_coroutine;

namespace {

[[gnu::noinline]] bare_coroutine<int> leaf(int value) { co_return value; }

[[gnu::noinline]] bare_coroutine<int> chain(int depth) {
  if (depth == 0) co_return 1;
  int value = co_await chain(depth - 1);
  co_return value;
}

detached_coroutine await_leaf(benchmark::State& state) {
  for (auto _ : state) {
    int value = co_await leaf(1);
    benchmark::DoNotOptimize(value);
  }
}

detached_coroutine await_chain(benchmark::State& state) {
  for (auto _ : state) {
    int value = co_await chain(99);
    benchmark::DoNotOptimize(value);
  }
}

// What a call costs: one frame from the free list, one transfer there and one back.
void call(benchmark::State& state) { await_leaf(state); }
BENCHMARK(call)->Name("call/bare");

// What a turn of the loop, a spawned task, and what passes without a turn, are held against: the
// bars are multiples of a call.
BENCHMARK(call)->Name("yield/bare");
BENCHMARK(call)->Name("spawn_join/bare");
BENCHMARK(call)->Name("mutex/bare");
BENCHMARK(call)->Name("semaphore/bare");
BENCHMARK(call)->Name("event/bare");
BENCHMARK(call)->Name("concurrent_mutex/bare");
BENCHMARK(call)->Name("concurrent_semaphore/bare");
BENCHMARK(call)->Name("concurrent_event/bare");

// The same a hundred deep, so that the frames do not all lie in the same two cache lines.
void chain_of_100(benchmark::State& state) { await_chain(state); }
BENCHMARK(chain_of_100)->Name("chain_of_100/bare");

}  // namespace
