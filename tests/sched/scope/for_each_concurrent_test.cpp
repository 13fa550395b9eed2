#include "combinator_test.hpp"
#include "thread_test.hpp"

#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/for_each_concurrent.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/thread/detail/pause.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <forward_list>
#include <latch>
#include <memory>
#include <optional>
#include <ranges>
#include <sstream>
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

// How many are inside at the same time: `crowd::visit stay(inside);`.
struct crowd {
  std::size_t now = 0;
  std::size_t most = 0;

  struct visit {
    explicit visit(crowd& joined) : joined_(joined) {
      joined_.most = std::max(joined_.most, ++joined_.now);
    }
    visit(const visit&) = delete;
    ~visit() { --joined_.now; }

   private:
    crowd& joined_;
  };
};

async_generator<int> count_to(int end, crowd* inside) {
  const crowd::visit stay(*inside);
  for (int i = 1; i <= end; ++i) {
    co_await sleep_for(1ms);
    co_yield i;
  }
}

}  // namespace

LOOP_TEST_CASE("each element is dealt with, so many at a time", "[sched][for_each_concurrent]") {
  std::vector<int> numbers(20, 1);
  crowd inside;
  int sum = 0;
  const auto begin = time_here();
  auto add = [&](int& number) -> task<> {
    const crowd::visit stay(inside);
    co_await sleep_for(1s);
    sum += number;
    number = 0;
  };
  co_await for_each_concurrent(std::views::all(numbers), 4, add);
  CHECK(sum == 20);
  CHECK(inside.most == 4);
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
  const std::string caught = co_await end_of(for_each_concurrent(numbers_below(5), 2, work));
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
  const std::string end = co_await end_of(running);
  CHECK(end == "cancelled");
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

LOOP_TEST_CASE("who ends well in the moment of a failure begins no more",
               "[sched][for_each_concurrent]") {
  int begun = 0;
  auto work = [&](int number) -> task<> {
    ++begun;
    co_await sleep_for(1s);
    if (number == 0) throw std::runtime_error("the first");
  };
  const std::string end = co_await end_of(for_each_concurrent(numbers_below(9), 3, work));
  CHECK(end == "the first");
  CHECK(begun == 3);
}

LOOP_TEST_CASE("a range that passes once is read as its elements are begun",
               "[sched][for_each_concurrent]") {
  std::istringstream text("1 2 3 ");
  std::vector<int> seen;
  bool ahead = false;
  auto see = [&](const int& number) -> task<> {
    ahead = ahead || text.tellg() != 2 * number - 1;
    co_await yield();
    seen.push_back(number);
  };
  co_await for_each_concurrent(std::views::istream<int>(text), 1, see);
  CHECK(seen == std::vector{1, 2, 3});
  CHECK_FALSE(ahead);

  std::istringstream more("1 2 3 4 5 6 7");
  const auto own = [](int number) { return std::make_unique<int>(number); };
  crowd inside;
  int sum = 0;
  auto add = [&](std::unique_ptr<int> number) -> task<> {
    const crowd::visit stay(inside);
    co_await sleep_for(1s);
    sum += *number;
  };
  co_await for_each_concurrent(std::views::istream<int>(more) | std::views::transform(own), 3, add);
  CHECK(sum == 28);
  CHECK(inside.most == 3);
}

LOOP_TEST_CASE("what a call gets of a range that passes once lives as long as the call",
               "[sched][for_each_concurrent]") {
  std::istringstream text("a b");
  std::string all;
  auto add = [&](std::string&& word) -> task<> {
    co_await sleep_for(word == "a" ? 2s : 1s);
    all += word;
  };
  co_await for_each_concurrent(std::views::istream<std::string>(text), 2, add);
  CHECK(all == "ba");
}

LOOP_TEST_CASE("a range that throws is not asked again, and cancels the calls",
               "[sched][for_each_concurrent]") {
  std::istringstream text("1 2 3 4 5");
  int asked = 0;
  const auto refuse_the_third = [&](int number) {
    ++asked;
    if (number == 3) throw std::runtime_error("the third");
    return number;
  };
  int ended = 0;
  auto work = [&](int number) -> task<> {
    if (number == 1) co_return;
    co_await sleep_for(1h);
    ++ended;
  };
  const std::string end = co_await end_of(for_each_concurrent(
      std::views::istream<int>(text) | std::views::transform(refuse_the_third), 2, work));
  CHECK(end == "the third");
  CHECK(asked == 3);
  CHECK(ended == 0);
}

LOOP_TEST_CASE("a range without an end is ended by a failure", "[sched][for_each_concurrent]") {
  int begun = 0;
  auto work = [&](int number) -> task<> {
    ++begun;
    co_await sleep_for(1s);
    if (number == 6) throw std::runtime_error("enough");
  };
  const std::string end = co_await end_of(for_each_concurrent(std::views::iota(0), 2, work));
  CHECK(end == "enough");
  CHECK(begun == 8);
}

LOOP_TEST_CASE("a range that does not know its length may be shorter than the limit",
               "[sched][for_each_concurrent]") {
  const std::forward_list<int> few{1, 2};
  int sum = 0;
  auto add = [&](int number) -> task<> {
    sum += number;
    co_return;
  };
  co_await for_each_concurrent(std::views::all(few), 5, add);
  CHECK(sum == 3);
}

LOOP_TEST_CASE("the values of a generator are awaited when there is a place for them",
               "[sched][for_each_concurrent]") {
  crowd generators;
  crowd inside;
  std::vector<int> begun;
  std::string seen;
  auto see = [&](int&& number) -> task<> {
    const crowd::visit stay(inside);
    begun.push_back(number);
    co_await sleep_for(1s);
    seen += std::to_string(number);
  };
  auto running =
      spawn([&]() -> task<> { co_await for_each_concurrent(count_to(7, &generators), 3, see); });
  co_await sleep_for(500ms);
  CHECK(begun == std::vector{1, 2, 3});
  CHECK(generators.now == 1);
  co_await running;
  CHECK(seen == "1234567");
  CHECK(inside.most == 3);
  CHECK(generators.most == 1);
  CHECK(generators.now == 0);
}

LOOP_TEST_CASE("a generator without values, and more places than values",
               "[sched][for_each_concurrent]") {
  crowd generators;
  int sum = 0;
  auto add = [&](int number) -> task<> {
    co_await yield();
    sum += number;
  };
  co_await for_each_concurrent(count_to(0, &generators), 2, add);
  CHECK(sum == 0);
  co_await for_each_concurrent(count_to(3, &generators), 100, add);
  CHECK(sum == 6);
  const std::string end = co_await end_of(for_each_concurrent(count_to(3, &generators), 0, add));
  CHECK(end == "lariat: for_each_concurrent: the limit is zero");
  CHECK(sum == 6);
}

LOOP_TEST_CASE("a call that fails ends the generator", "[sched][for_each_concurrent]") {
  crowd generators;
  crowd inside;
  std::vector<int> begun;
  auto work = [&](int number) -> task<> {
    const crowd::visit stay(inside);
    begun.push_back(number);
    co_await sleep_for(number == 2 ? 1s : 1h);
    throw std::runtime_error("the second");
  };
  // While it waits, and while it rests.
  for (const std::size_t limit : {3, 2}) {
    begun.clear();
    const auto three_then_wait = [&](crowd* inside_generator) -> async_generator<int> {
      const crowd::visit stay(*inside_generator);
      for (int i = 1; i <= 2; ++i) co_yield i;
      co_await sleep_for(1h);
      co_yield 3;
    };
    const auto before = time_here();
    const std::string end =
        co_await end_of(for_each_concurrent(three_then_wait(&generators), limit, work));
    CHECK(end == "the second");
    CHECK(begun == std::vector{1, 2});
    CHECK(inside.now == 0);
    CHECK(generators.now == 0);
    CHECK(time_here() - before < 1h);
  }
}

LOOP_TEST_CASE("a value that comes in the moment of a failure is not begun",
               "[sched][for_each_concurrent]") {
  const auto one_then_another = []() -> async_generator<int> {
    co_yield 1;
    co_await sleep_for(1s);
    co_yield 2;
  };
  int begun = 0;
  auto work = [&](int) -> task<> {
    ++begun;
    co_await sleep_for(1s);
    throw std::runtime_error("failed");
  };
  const std::string end = co_await end_of(for_each_concurrent(one_then_another(), 2, work));
  CHECK(end == "failed");
  CHECK(begun == 1);
}

LOOP_TEST_CASE("a generator that fails cancels the calls", "[sched][for_each_concurrent]") {
  const auto fail_after_two = []() -> async_generator<int> {
    co_yield 1;
    co_yield 2;
    co_await sleep_for(1s);
    throw std::runtime_error("the generator");
  };
  int begun = 0;
  int cancelled = 0;
  auto work = [&](int) -> task<> {
    ++begun;
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
      ++cancelled;
      throw;
    }
  };
  const std::string end = co_await end_of(for_each_concurrent(fail_after_two(), 4, work));
  CHECK(end == "the generator");
  CHECK(begun == 2);
  CHECK(cancelled == 2);
}

LOOP_TEST_CASE("a cancel reaches the generator and the calls", "[sched][for_each_concurrent]") {
  crowd generators;
  crowd inside;
  auto sleep = [&](int) -> task<> {
    const crowd::visit stay(inside);
    co_await sleep_for(1h);
  };
  auto body = [&]() -> task<> { co_await for_each_concurrent(count_to(9, &generators), 4, sleep); };
  auto running = spawn(body);
  co_await sleep_for(2500us);  // Two calls are under way, and the third value is not there yet.
  CHECK(inside.now == 2);
  running.cancel();
  const std::string end = co_await end_of(std::move(running));
  CHECK(end == "cancelled");
  CHECK(inside.most == 2);
  CHECK(inside.now == 0);
  CHECK(generators.now == 0);

  auto not_begun = spawn(body);
  not_begun.cancel();
  const std::string refused = co_await end_of(std::move(not_begun));
  CHECK(refused == "cancelled");
  CHECK(inside.most == 2);
  CHECK(generators.most == 1);
}

THREAD_TEST_CASE("on a pool the calls for a generator's values run in parallel",
                 "[sched][for_each_concurrent]") {
  pool workers({.workers = 3});
  std::latch both(2);
  std::atomic<int> sum{0};
  auto meet = [&](int number) -> task<> {
    if (number <= 2) both.arrive_and_wait();  // Calls one after the other would wait for ever.
    co_await yield();
    sum += number;
  };
  crowd generators;
  auto body = [&]() -> task<> {
    co_await for_each_concurrent(count_to(100, &generators), 2, meet);
  };
  co_await to_pool(workers, body);
  CHECK(sum == 5050);
  CHECK(generators.most == 1);
}

THREAD_TEST_CASE("on a pool a range that passes once is read by one at a time",
                 "[sched][for_each_concurrent]") {
  pool workers({.workers = 3});
  std::ostringstream numbers;
  for (int i = 1; i <= 1000; ++i) numbers << i << ' ';
  std::istringstream text(numbers.str());
  std::atomic<int> readers{0};
  std::atomic<bool> overlapped{false};
  const auto read = [&](int number) {
    if (++readers != 1) overlapped = true;
    for (int spin = 0; spin < 1000; ++spin) detail::pause();
    --readers;
    return number;
  };
  std::atomic<int> sum{0};
  std::latch all(3);
  auto add = [&](int number) -> task<> {
    if (number > 997) all.arrive_and_wait();  // Nobody gave up since another one was reading.
    sum += number;
    co_return;
  };
  auto body = [&]() -> task<> {
    co_await for_each_concurrent(std::views::istream<int>(text) | std::views::transform(read), 3,
                                 add);
  };
  co_await to_pool(workers, body);
  CHECK(sum == 500'500);
  CHECK_FALSE(overlapped);
}
