// The steady state allocates nothing: what a loop does all day takes its frames, records and nodes
// from pools that are filled, or from the frame of the task itself.

#include "count_allocations.hpp"
#include "thread_test.hpp"

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/task/join_handle.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#if COUNT_ALLOCATIONS

using namespace lariat;
using namespace std::chrono_literals;

namespace {

task<int> leaf(int value) { co_return value; }

int twice(int value) { return 2 * value; }

}  // namespace

TEST_CASE("every kind of allocation is counted", "[sched][allocation]") {
  const std::uint64_t before = allocations();
  // Volatile, or the compiler may leave them out.
  void* volatile by_malloc = std::malloc(1);
  std::free(by_malloc);
  CHECK(allocations() - before >= 1);

  const std::uint64_t then = allocations();
  std::string* volatile by_new = new std::string(100, 'x');
  const std::uint64_t during = allocations() - then;
  delete by_new;
  CHECK(during == 2);

  struct alignas(128) line {
    char bytes[128];
  };
  const std::uint64_t last = allocations();
  line* volatile aligned = new line;
  const std::uint64_t of_aligned = allocations() - last;
  delete aligned;
  CHECK(of_aligned == 1);
}

LOOP_TEST_CASE("a loss of one frame a step is seen", "[sched][allocation]") {
  const auto step = []() -> task<> {
    (void)detail::allocate_frame(4000);  // Lost.
    co_return;
  };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(during > 0);
}

LOOP_TEST_CASE("a call of a task allocates nothing", "[sched][allocation]") {
  const auto step = []() -> task<> { (void)co_await leaf(1); };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(during == 0);
}

LOOP_TEST_CASE("spawn and join allocate nothing", "[sched][allocation]") {
  const auto step = []() -> task<> {
    join_handle<int> handle = spawn(leaf, 1);
    (void)co_await handle;
  };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(during == 0);
}

LOOP_TEST_CASE("sleep_for allocates nothing, however long", "[sched][allocation]") {
  std::chrono::nanoseconds delay = 1ns;
  const auto step = [&]() -> task<> {
    delay = delay > 1h ? 1ns : 2 * delay;  // Through every level of the wheel.
    co_await sleep_for(delay);
  };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(during == 0);
}

LOOP_TEST_CASE("yield allocates nothing", "[sched][allocation]") {
  const auto step = []() -> task<> { co_await yield(); };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(during == 0);
}

THREAD_TEST_CASE("to_thread allocates nothing once its thread runs", "[sched][allocation]") {
  lane narrow("narrow", {.threads_max = 1});
  int sum = 0;
  const auto step = [&]() -> task<> { sum += co_await to_thread({&narrow, 1h}, twice, 1); };
  const std::uint64_t during = co_await allocations_once_warm(step);
  CHECK(sum == 2 * 10'100);
  CHECK(during == 0);
}

#endif
