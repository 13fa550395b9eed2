#include "thread_test.hpp"

#include <lariat/sched/parallel/parallel_for.hpp>
#include <lariat/sched/parallel/parallel_invoke.hpp>
#include <lariat/sched/parallel/parallel_reduce.hpp>
#include <lariat/sched/parallel/parallel_scan.hpp>
#include <lariat/sched/parallel/parallel_sort.hpp>
#include <lariat/sched/parallel/parallel_transform.hpp>
#include <lariat/sched/time/timeout.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace lariat;

namespace {

constexpr int count = 100'000;
// What two workers may begin before they look again.
constexpr int begun_max = 2 * static_cast<int>(detail::look_every);

pool& two_workers() {
  static pool workers({.workers = 2});
  return workers;
}

bool call_is_stopped() { return detail::current_stacklet().scope->stopped(); }

// The bodies of one call: each waits, once it was told to, until the call is stopped.
class scene {
 public:
  void operator()() {
    ++calls;
    started = true;
    while (!call_is_stopped()) std::this_thread::yield();
  }
  // The body that fails rather than wait; only once another one waits.
  void fail() {
    while (!started) std::this_thread::yield();
    throw std::runtime_error("a body");
  }

  std::atomic<bool> started{false};
  std::atomic<int> calls{0};
};

template <class Body>
auto start_for(Body body, std::size_t grain) {
  return parallel_for(0, count, body, {.grain = grain, .where = &two_workers()});
}
template <class Body>
auto start_for_each(std::vector<int>& numbers, Body body, std::size_t grain) {
  auto call = [body](int& each) { body(each); };
  return parallel_for(numbers, call, {.grain = grain, .where = &two_workers()});
}
template <class Body>
auto start_transform(std::vector<int>& numbers, Body body, std::size_t grain) {
  auto call = [body](int each) { return body(each), each; };
  return parallel_transform(numbers, numbers.begin(), call,
                            {.grain = grain, .where = &two_workers()});
}
template <class Body>
auto start_reduce(std::vector<int>& numbers, Body body, std::size_t grain) {
  auto map = [body](int each) { return body(each), each; };
  return parallel_reduce(numbers, 0, std::plus<>(), map, {.grain = grain, .where = &two_workers()});
}
template <class Body>
auto start_scan(std::vector<int>& numbers, Body body, std::size_t grain) {
  auto combine = [body](int a, int b) { return body(b), std::max(a, b); };
  return parallel_scan(numbers, numbers.begin(), 0, combine,
                       {.grain = grain, .where = &two_workers()});
}
template <class Body>
auto start_sort(std::vector<int>& numbers, Body body, std::size_t grain) {
  auto less = [body](int a, int b) { return body(a), a < b; };
  return parallel_sort(numbers, less, {.grain = grain, .where = &two_workers()});
}

std::vector<int> some_numbers() {
  std::vector<int> numbers(count);
  for (int i = 0; i < count; ++i) numbers[static_cast<std::size_t>(i)] = i * 7919 % count;
  return numbers;
}

// Cancels the call when a body has begun; how it ended, and after how many bodies.
template <class Start>
task<std::string> end_of_cancelled(Start start) {
  scene bodies;
  auto call = [&](int) { bodies(); };
  join_handle<void> running = spawn([&]() -> task<> { co_await start(call); });
  co_await until([&] { return bodies.started.load(); });
  running.cancel();
  std::string end = "value";
  try {
    co_await running;
  } catch (const operation_cancelled&) {
    end = bodies.calls <= begun_max ? "cancelled" : "cancelled after many calls";
  }
  co_return end;
}

// Bodies that wait on the thread that comes first, and fail on the second.
template <class Start>
std::string end_of_failed(Start start) {
  scene bodies;
  std::atomic<std::thread::id> first{};
  std::atomic<bool> both{false};
  try {
    (void)start([&](int) {
      const std::thread::id here = std::this_thread::get_id();
      std::thread::id before{};
      if (!first.compare_exchange_strong(before, here) && before != here) {
        both = true;
        bodies.fail();
      }
      // Until the other one comes there has to be something left for it.
      for (int i = 0; i < 10 && !both; ++i) std::this_thread::yield();
      if (both) bodies();
    }).get();
  } catch (const std::runtime_error& error) {
    return bodies.calls <= begun_max ? error.what() : "told after many calls";
  }
  return "value";
}

constexpr std::array<std::size_t, 3> grains{0, 1, 10'000};

}  // namespace

THREAD_TEST_CASE("a cancel ends loops of every grain", "[sched][parallel_stop]") {
  for (const std::size_t grain : grains) {
    std::vector<int> numbers = some_numbers();
    auto over_indices = [&](auto body) { return start_for(body, grain); };
    auto over_range = [&](auto body) { return start_for_each(numbers, body, grain); };
    auto transform = [&](auto body) { return start_transform(numbers, body, grain); };
    const std::string first = co_await end_of_cancelled(over_indices);
    const std::string second = co_await end_of_cancelled(over_range);
    const std::string third = co_await end_of_cancelled(transform);
    CHECK(first == "cancelled");
    CHECK(second == "cancelled");
    CHECK(third == "cancelled");
  }
}

THREAD_TEST_CASE("a cancel ends reductions, scans and sorts of every grain",
                 "[sched][parallel_stop]") {
  for (const std::size_t grain : grains) {
    std::vector<int> numbers = some_numbers();
    auto reduce = [&](auto body) { return start_reduce(numbers, body, grain); };
    auto scan = [&](auto body) { return start_scan(numbers, body, grain); };
    const std::string first = co_await end_of_cancelled(reduce);
    const std::string second = co_await end_of_cancelled(scan);
    CHECK(first == "cancelled");
    CHECK(second == "cancelled");
  }
  std::vector<int> numbers = some_numbers();
  auto sort = [&](auto body) { return start_sort(numbers, body, 1000); };
  const std::string end = co_await end_of_cancelled(sort);
  CHECK(end == "cancelled");
}

THREAD_TEST_CASE("functions of a parallel_invoke that have not begun when it is cancelled do not",
                 "[sched][parallel_stop]") {
  scene bodies;
  auto body = [&] { bodies(); };
  auto invoke = [&]() -> task<> {
    auto all = [&] { parallel_invoke(body, body, body, body, body, body).get(); };
    co_await to_pool(two_workers(), all);
  };
  join_handle<void> running = spawn(invoke);
  co_await until([&] { return bodies.started.load(); });
  running.cancel();
  bool threw = false;
  try {
    co_await running;
  } catch (const operation_cancelled&) {
    threw = true;
  }
  CHECK(threw);
  CHECK(bodies.calls <= 2);
}

THREAD_TEST_CASE("a timeout ends a loop", "[sched][parallel_stop]") {
  scene bodies;
  auto call = [&](int) { bodies(); };
  bool threw = false;
  try {
    co_await timeout(std::chrono::milliseconds(1), start_for(call, 0));
  } catch (const timeout_error&) {
    threw = true;
  }
  CHECK(threw);
  CHECK(bodies.calls <= begun_max);
}

TEST_CASE("a failure of one body stops the others of its call", "[sched][parallel_stop]") {
  for (const std::size_t grain : grains) {
    std::vector<int> numbers = some_numbers();
    CHECK(end_of_failed([&](auto body) { return start_for(body, grain); }) == "a body");
    CHECK(end_of_failed([&](auto body) { return start_for_each(numbers, body, grain); }) ==
          "a body");
    CHECK(end_of_failed([&](auto body) { return start_transform(numbers, body, grain); }) ==
          "a body");
    CHECK(end_of_failed([&](auto body) { return start_reduce(numbers, body, grain); }) == "a body");
    // Between its two passes, a body for each piece, a scan has work for one worker only.
    if (grain == 1) continue;
    CHECK(end_of_failed([&](auto body) { return start_scan(numbers, body, grain); }) == "a body");
  }
}

TEST_CASE("a failure stops the calls that other bodies wait for", "[sched][parallel_stop]") {
  scene bodies;
  std::string text;
  try {
    parallel_for(0, 2,
                 [&](int i) {
                   if (i == 1) bodies.fail();
                   start_for([&](int) { bodies(); }, 0).get();
                 },
                 {.grain = 1, .where = &two_workers()})
        .get();
  } catch (const std::runtime_error& error) {
    text = error.what();
  }
  CHECK(text == "a body");
  CHECK(bodies.calls <= begun_max);
}

TEST_CASE("a failure stops a plain function that another body waits for, by its stop_token",
          "[sched][parallel_stop]") {
  scene bodies;
  auto until_stopped = [&](std::stop_token stop) {
    bodies.started = true;
    while (!stop.stop_requested()) std::this_thread::yield();
    return 1;
  };
  std::string text;
  try {
    parallel_for(0, 2,
                 [&](int i) {
                   if (i == 1) bodies.fail();
                   (void)to_pool(two_workers(), until_stopped).get();
                 },
                 {.grain = 1, .where = &two_workers()})
        .get();
  } catch (const std::runtime_error& error) {
    text = error.what();
  }
  CHECK(text == "a body");
}

TEST_CASE("any grain goes through all of it", "[sched][parallel_stop]") {
  for (const std::size_t grain : {std::size_t{0} - 1, std::size_t{0} - 2, std::size_t{1} << 63}) {
    const parallel_options options{.grain = grain, .where = &two_workers()};
    std::vector<int> numbers(100);
    std::iota(numbers.rbegin(), numbers.rend(), 0);
    std::vector<int> sums(100);
    std::atomic<int> calls{0};
    parallel_for(
        0, 100, [&](int) { ++calls; }, options)
        .get();
    CHECK(calls == 100);
    CHECK(parallel_reduce(numbers, 0, std::plus<>(), std::identity(), options).get() == 4950);
    parallel_scan(numbers, sums.begin(), 0, std::plus<>(), options).get();
    CHECK(sums.back() == 4950);
    parallel_sort(numbers, std::less<>(), options).get();
    CHECK(std::is_sorted(numbers.begin(), numbers.end()));
    for (const int size : {0, 1}) {
      std::vector<int> few(static_cast<std::size_t>(size), 3);
      parallel_sort(few, std::less<>(), options).get();
      parallel_scan(few, few.begin(), 0, std::plus<>(), options).get();
      CHECK(few == std::vector<int>(static_cast<std::size_t>(size), 3));
    }
  }
}
