#include "../thread_test.hpp"

#include <lariat/sched/for_each_concurrent.hpp>
#include <lariat/sched/join_handle.hpp>
#include <lariat/sched/to_pool.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

// g++ 12 takes no list of initialisers inside an await expression.
std::vector<int> numbers_below(int end) {
  std::vector<int> numbers;
  for (int i = 0; i < end; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace

LOOP_TEST_CASE("each element is dealt with, so many at a time", "[sched][for_each_concurrent]") {
  std::vector<int> numbers(20, 1);
  std::size_t now = 0;
  std::size_t most = 0;
  int sum = 0;
  const auto begin = time_here();
  auto add = [&](int& number) -> task<> {
    most = std::max(most, ++now);
    co_await sleep_for(1s);
    sum += number;
    number = 0;
    --now;
  };
  co_await for_each_concurrent(std::views::all(numbers), 4, add);
  CHECK(sum == 20);
  CHECK(most == 4);
  CHECK(std::count(numbers.begin(), numbers.end(), 0) == 20);
  CHECK(time_here() - begin < 6s);
}

LOOP_TEST_CASE("a temporary range is kept; an empty one ends at once",
               "[sched][for_each_concurrent]") {
  std::string all;
  auto add = [&](const std::string& text) -> task<> {
    co_await yield();
    all += text;
  };
  std::vector<std::string> letters{"a", "b", "c"};
  co_await for_each_concurrent(std::move(letters), 100, add);
  CHECK(all == "abc");
  co_await for_each_concurrent(std::vector<std::string>(), 1, add);
  CHECK(all == "abc");
}

LOOP_TEST_CASE("the first failure cancels the others and begins no more",
               "[sched][for_each_concurrent]") {
  int begun = 0;
  int cancelled = 0;
  auto work = [&](int number) -> task<> {
    ++begun;
    if (number == 1) throw std::runtime_error("the second");
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
      ++cancelled;
      throw;
    }
  };
  std::string caught;
  try {
    co_await for_each_concurrent(numbers_below(5), 2, work);
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  CHECK(caught == "the second");
  CHECK(begun == 2);
  CHECK(cancelled == 1);

  bool refused = false;
  try {
    co_await for_each_concurrent(numbers_below(1), 0, work);
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CHECK(refused);
}

LOOP_TEST_CASE("a cancel reaches the calls under way", "[sched][for_each_concurrent]") {
  int begun = 0;
  auto sleep = [&](int) -> task<> {
    ++begun;
    co_await sleep_for(1h);
  };
  auto running =
      spawn([&]() -> task<> { co_await for_each_concurrent(numbers_below(3), 2, sleep); });
  co_await yield();
  co_await yield();
  running.cancel();
  bool cancelled = false;
  try {
    co_await running;
  } catch (const operation_cancelled&) {
    cancelled = true;
  }
  CHECK(cancelled);
  CHECK(begun == 2);
}

THREAD_TEST_CASE("on a pool the calls run in parallel", "[sched][for_each_concurrent]") {
  pool workers({.workers = 2});
  std::latch both(2);
  std::atomic<int> met{0};
  auto meet = [&](int) -> task<> {
    both.arrive_and_wait();
    ++met;
    co_return;
  };
  auto body = [&]() -> task<> { co_await for_each_concurrent(numbers_below(2), 2, meet); };
  co_await to_pool(workers, body);
  CHECK(met == 2);
}
