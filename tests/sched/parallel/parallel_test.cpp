#include "thread_test.hpp"

#include <lariat/sched/parallel/parallel_for.hpp>
#include <lariat/sched/parallel/parallel_invoke.hpp>
#include <lariat/sched/parallel/parallel_reduce.hpp>
#include <lariat/sched/parallel/parallel_scan.hpp>
#include <lariat/sched/parallel/parallel_sort.hpp>
#include <lariat/sched/parallel/parallel_transform.hpp>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstddef>
#include <latch>
#include <limits>
#include <numeric>
#include <random>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;

namespace {

pool& two_workers() {
  static pool workers({.workers = 2});
  return workers;
}

parallel_options with_grain(std::size_t grain) { return {.grain = grain, .where = &two_workers()}; }

std::vector<int> shuffled(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937(1));
  return numbers;
}

}  // namespace

TEST_CASE("parallel_for calls the function once for each index", "[sched][parallel_for]") {
  for (const std::size_t grain : {0, 1, 7, 1000, 100'000}) {
    std::vector<std::atomic<int>> calls(10'000);
    parallel_for(
        std::size_t{0}, calls.size(), [&](std::size_t i) { ++calls[i]; }, with_grain(grain))
        .get();
    CHECK(std::all_of(calls.begin(), calls.end(), [](const auto& count) { return count == 1; }));
  }
}

TEST_CASE("parallel_for of an empty, a reversed and the widest range", "[sched][parallel_for]") {
  std::atomic<int> calls{0};
  parallel_for(3, 3, [&](int) { ++calls; }).get();
  parallel_for(3, -3, [&](int) { ++calls; }).get();
  CHECK(calls == 0);
  std::atomic<long> sum{0};
  parallel_for(static_cast<signed char>(SCHAR_MIN), static_cast<signed char>(SCHAR_MAX),
               [&](signed char i) { sum += i; })
      .get();
  CHECK(sum == -128 - 127);
  parallel_for(LONG_MAX - 2, LONG_MAX, [&](long) { ++calls; }).get();
  CHECK(calls == 2);
}

TEST_CASE("parallel_for goes through the elements of a range", "[sched][parallel_for]") {
  std::vector<int> numbers = shuffled(1000);
  parallel_for(
      numbers, [](int& each) { each *= 2; }, with_grain(0))
      .get();
  CHECK(std::accumulate(numbers.begin(), numbers.end(), 0) == 999'000);
}

TEST_CASE("long calls of parallel_for are shared though nothing is known of their length",
          "[sched][parallel_for]") {
  std::latch both(2);
  std::atomic<int> calls{0};
  parallel_for(
      0, 2,
      [&](int) {
        ++calls;
        both.arrive_and_wait();  // Passed only if two workers are in it.
      },
      with_grain(1))
      .get();
  CHECK(calls == 2);
}

TEST_CASE("an exception of a parallel_for comes back", "[sched][parallel_for]") {
  for (const std::size_t grain : {0, 3}) {
    std::string text;
    try {
      parallel_for(
          0, 1000,
          [](int i) {
            if (i == 500) throw std::runtime_error("at 500");
          },
          with_grain(grain))
          .get();
    } catch (const std::runtime_error& error) {
      text = error.what();
    }
    CHECK(text == "at 500");
  }
}

THREAD_TEST_CASE("a loop's task awaits a parallel_for", "[sched][parallel_for]") {
  std::atomic<int> calls{0};
  auto count = [&](int) { ++calls; };
  co_await parallel_for(0, 100, count, with_grain(10));
  CHECK(calls == 100);
}

THREAD_TEST_CASE("a cancelled parallel_for stops", "[sched][parallel_for]") {
  std::atomic<bool> started{false};
  auto wait = [&](int) { started = true; };
  join_handle<void> endless =
      spawn([&]() -> task<> { co_await parallel_for(0, INT_MAX, wait, with_grain(1)); });
  co_await until([&] { return started.load(); });
  endless.cancel();
  bool threw = false;
  try {
    co_await endless;
  } catch (const operation_cancelled&) {
    threw = true;
  }
  CHECK(threw);
}

TEST_CASE("parallel_reduce combines in order", "[sched][parallel_reduce]") {
  const auto letters = std::views::iota(0, 1000);
  const auto letter = [](int i) { return std::string(1, static_cast<char>('a' + i % 26)); };
  std::string expected = ">";
  for (const int i : letters) expected += letter(i);
  for (const std::size_t grain : {0, 1, 16, 5000}) {
    CHECK(parallel_reduce(letters, std::string(">"), std::plus<>(), letter, with_grain(grain))
              .get() == expected);
  }
}

TEST_CASE("parallel_reduce of nothing is the initial value, used once otherwise",
          "[sched][parallel_reduce]") {
  CHECK(parallel_reduce(std::views::iota(0, 0), 5).get() == 5);
  CHECK(parallel_reduce(std::views::iota(0, 10), 5).get() == 50);
}

TEST_CASE("floating point sums do not depend on the number of workers",
          "[sched][parallel_reduce]") {
  std::vector<double> numbers(100'000);
  std::mt19937 random(1);
  for (double& each : numbers) each = std::uniform_real_distribution<>(-1e9, 1e-9)(random);
  pool one({.workers = 1});
  const double expected = parallel_reduce(numbers, 0.0, {}, {}, {.where = &one}).get();
  for (int i = 0; i < 20; ++i) {
    CHECK(parallel_reduce(numbers, 0.0, {}, {}, with_grain(0)).get() == expected);
  }
}

TEST_CASE("parallel_transform writes each result to its place", "[sched][parallel_transform]") {
  const std::vector<int> numbers = shuffled(10'000);
  std::vector<long> doubled(numbers.size());
  parallel_transform(
      numbers, doubled.begin(), [](int each) { return 2L * each; }, with_grain(0))
      .get();
  CHECK(std::equal(numbers.begin(), numbers.end(), doubled.begin(),
                   [](int each, long result) { return result == 2L * each; }));
}

TEST_CASE("parallel_scan gives the running sums", "[sched][parallel_scan]") {
  for (const int count : {0, 1, 2, 1000, 10'007}) {
    const std::vector<int> numbers = shuffled(count);
    std::vector<long> expected(numbers.size());
    std::inclusive_scan(numbers.begin(), numbers.end(), expected.begin(), std::plus<>(), 10L);
    for (const std::size_t grain : {0, 1, 64, 100'000}) {
      std::vector<long> sums(numbers.size());
      parallel_scan(numbers, sums.begin(), 10L, std::plus<>(), with_grain(grain)).get();
      CHECK((sums == expected));
    }
  }
}

TEST_CASE("parallel_scan keeps the order of what it combines, and may write over its input",
          "[sched][parallel_scan]") {
  std::vector<std::string> letters;
  for (int i = 0; i < 100; ++i) letters.emplace_back(1, static_cast<char>('a' + i % 26));
  std::vector<std::string> expected(letters.size());
  std::inclusive_scan(letters.begin(), letters.end(), expected.begin(), std::plus<>(),
                      std::string("<"));
  parallel_scan(letters, letters.begin(), std::string("<"), std::plus<>(), with_grain(3)).get();
  CHECK(letters == expected);
}

TEST_CASE("parallel_sort sorts", "[sched][parallel_sort]") {
  for (const int count : {0, 1, 2, 100, 100'000}) {
    for (const std::size_t grain : {0, 1, 5000}) {
      std::vector<int> numbers = shuffled(count);
      parallel_sort(numbers, std::less<>(), with_grain(grain)).get();
      CHECK(std::is_sorted(numbers.begin(), numbers.end()));
      CHECK(numbers.size() == static_cast<std::size_t>(count));
    }
  }
}

TEST_CASE("parallel_sort of sorted, reversed, equal and organ-pipe input",
          "[sched][parallel_sort]") {
  constexpr int count = 50'000;
  std::vector<std::vector<int>> inputs(4, std::vector<int>(count));
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    inputs[0][at] = i;
    inputs[1][at] = count - i;
    inputs[2][at] = 1;
    inputs[3][at] = std::min(i, count - i);
  }
  for (std::vector<int>& input : inputs) {
    std::vector<int> expected = input;
    std::sort(expected.begin(), expected.end(), std::greater<>());
    parallel_sort(input, std::greater<>(), with_grain(0)).get();
    CHECK((input == expected));
  }
}

// Sorts `count` numbers in [0, bound); few different ones are often equal to the pivot.
template <class Number, class Less>
void check_sort(int count, int bound, Less less) {
  std::vector<Number> numbers;
  for (const int each : shuffled(count)) numbers.push_back(static_cast<Number>(each % bound));
  std::vector<Number> expected = numbers;
  std::sort(expected.begin(), expected.end(), less);
  parallel_sort(numbers, less, with_grain(16)).get();
  CHECK((numbers == expected));
}

TEST_CASE("parallel_sort of numbers, in blocks and what is left of them",
          "[sched][parallel_sort]") {
  for (const int count : {17, 255, 256, 257, 258, 384, 385, 386, 513, 10'000}) {
    for (const int bound : {2, 100, 20'000}) {
      check_sort<int>(count, bound, std::less<>());
      check_sort<double>(count, bound, std::greater<double>());
      check_sort<unsigned char>(count, bound, std::ranges::less());
      check_sort<long>(count, bound, [](long a, long b) { return b < a; });
    }
  }
}

TEST_CASE("parallel_sort moves what only moves", "[sched][parallel_sort]") {
  std::vector<std::unique_ptr<int>> owned;
  for (const int each : shuffled(10'000)) owned.push_back(std::make_unique<int>(each));
  parallel_sort(
      owned, [](const auto& a, const auto& b) { return *a < *b; }, with_grain(64))
      .get();
  CHECK(std::is_sorted(owned.begin(), owned.end(),
                       [](const auto& a, const auto& b) { return *a < *b; }));
}

TEST_CASE("an exception of a comparison comes back", "[sched][parallel_sort]") {
  std::vector<int> numbers = shuffled(10'000);
  std::atomic<int> calls{0};
  const auto less = [&](int a, int b) {
    if (++calls == 50'000) throw std::runtime_error("no order");
    return a < b;
  };
  CHECK_THROWS_AS(parallel_sort(numbers, less, with_grain(64)).get(), std::runtime_error);
}

TEST_CASE("parallel_invoke calls each function once and gives their values",
          "[sched][parallel_invoke]") {
  std::atomic<int> calls{0};
  auto results =
      parallel_invoke([] { return 1; }, [&] { ++calls; }, [] { return std::string("x"); }).get();
  CHECK(results.first == 1);
  CHECK(calls == 1);
  CHECK(results.third == "x");
}

THREAD_TEST_CASE("functions of a parallel_invoke run in parallel", "[sched][parallel_invoke]") {
  if (pool::current().workers() < 2) co_return;
  std::latch both(2);
  auto meet = [&] { both.arrive_and_wait(); };
  co_await parallel_invoke(meet, meet);
  CHECK(both.try_wait());
}
