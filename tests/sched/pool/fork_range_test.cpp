#include "thread_test.hpp"

#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/task/join_handle.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <latch>
#include <limits>
#include <memory>
#include <numeric>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace lariat;

namespace {

fork_task<std::size_t> square(std::size_t i) { co_return i* i; }

std::vector<std::size_t> squares(std::size_t count) {
  std::vector<std::size_t> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = i * i;
  return values;
}

fork_task<std::vector<std::size_t>> forked_squares(std::size_t count) {
  co_return co_await fork_join(count, square);
}

// Counts those that are alive.
struct counted {
  static inline std::atomic<int> alive{0};
  explicit counted(int value) : value(value) { ++alive; }
  counted(counted&& other) noexcept : value(other.value) { ++alive; }
  ~counted() { --alive; }
  int value;
};

fork_task<counted> pass(counted of) { co_return std::move(of); }

fork_task<int> fail(const char* text) {
  throw std::runtime_error(text);
  co_return 0;
}

// The memory of the stacklet that this runs on.
std::size_t stack_capacity() { return detail::current_stacklet().frames.capacity(); }

}  // namespace

TEST_CASE("children known at run time give a vector of their values, in order",
          "[sched][fork_join]") {
  for (const unsigned workers_count : {1U, 2U, 8U}) {
    pool workers({.workers = workers_count});
    for (const std::size_t count : {0, 1, 2, 7, 1000}) {
      CHECK(to_pool(workers, forked_squares, count).get() == squares(count));
    }
  }
}

TEST_CASE("a range of forks may be a view of what they work on", "[sched][fork_join]") {
  pool workers({.workers = 2});
  auto join = [](const std::vector<std::string>* words) -> fork_task<std::string> {
    auto twice = [](const std::string& word) -> fork_task<std::string> { co_return word + word; };
    auto parts = co_await fork_join(*words | std::views::transform(twice));
    co_return std::accumulate(parts.begin(), parts.end(), std::string());
  };
  const std::vector<std::string> words = {"a", "bc", "a word too long to be kept in place"};
  CHECK(to_pool(workers, join, &words).get() ==
        "aabcbca word too long to be kept in placea word too long to be kept in place");
  const std::vector<std::string> none;
  CHECK(to_pool(workers, join, &none).get().empty());
}

TEST_CASE("a range of forks without values gives nothing", "[sched][fork_join]") {
  pool workers({.workers = 2});
  std::array<std::atomic<int>, 1000> ran{};
  auto all = [](std::array<std::atomic<int>, 1000>* ran, std::size_t count) -> fork_task<> {
    auto mark = [ran](std::size_t i) {
      auto body = [](std::atomic<int>* one) -> fork_task<> {
        ++*one;
        co_return;
      };
      return body(&(*ran)[i]);
    };
    co_await fork_join(count, mark);
  };
  to_pool(workers, all, &ran, std::size_t{0}).get();
  to_pool(workers, all, &ran, std::size_t{1}).get();
  to_pool(workers, all, &ran, ran.size()).get();
  CHECK(ran[0] == 2);
  for (std::size_t i = 1; i < ran.size(); ++i) REQUIRE(ran[i] == 1);
}

TEST_CASE("free workers steal from a range of forks", "[sched][fork_join]") {
  pool workers({.workers = 4});
  std::atomic<int> met{0};
  auto meet = [&](std::latch* all) -> fork_task<> {
    all->arrive_and_wait();  // Passed only if the others run too.
    ++met;
    co_return;
  };
  auto fork = [&]() -> fork_task<> {
    std::latch all(4);
    const auto one = [&](std::size_t) { return meet(&all); };
    co_await fork_join(4, one);
  };
  for (int i = 0; i < 100; ++i) to_pool(workers, fork).get();
  CHECK(met == 400);
}

TEST_CASE("ranges of forks nest", "[sched][fork_join]") {
  struct tree {
    static fork_task<long> leaves(int depth) {
      if (depth == 0) co_return 1;
      const auto child = [depth](std::size_t) { return leaves(depth - 1); };
      auto below = co_await fork_join(static_cast<std::size_t>(depth), child);
      auto [one, none] = co_await fork_join(leaves(0), leaves(0));
      co_return std::accumulate(below.begin(), below.end(), 0L) + one - none;
    }
  };
  for (const unsigned count : {1U, 4U}) {
    pool workers({.workers = count});
    CHECK(to_pool(workers, &tree::leaves, 8).get() == 40'320);
  }
}

TEST_CASE("the first failure of a range is thrown, and what has not begun does not",
          "[sched][fork_join]") {
  for (const unsigned count : {1U, 4U}) {
    pool workers({.workers = count});
    std::atomic<int> begun{0};
    auto work = [&](std::size_t i) -> fork_task<counted> {
      ++begun;
      if (i == 7 || i == 70) throw std::runtime_error(std::to_string(i));
      co_return counted(1);
    };
    std::string text;
    auto all = [&]() -> fork_task<> {
      try {
        (void)co_await fork_join(100, work);
      } catch (const std::runtime_error& error) {
        text = error.what();
      }
    };
    to_pool(workers, all).get();
    if (count == 1) {
      CHECK(text == "7");
      CHECK(begun == 8);
    } else {
      CHECK((text == "7" || text == "70"));
    }
    CHECK(counted::alive == 0);
  }
}

TEST_CASE("failures of forks without destructors are let go of", "[sched][fork_join]") {
  pool workers({.workers = 2});
  auto all = []() -> fork_task<int> {
    const auto child = [](std::size_t) { return fail("all"); };
    int caught = 0;
    for (int i = 0; i < 10; ++i) {
      try {
        (void)co_await fork_join(10, child);
      } catch (const std::runtime_error&) {
        ++caught;
      }
    }
    co_return caught;
  };
  CHECK(to_pool(workers, all).get() == 10);  // The rest is the leak checker's.
}

TEST_CASE("if making a child throws, those that were made are not started", "[sched][fork_join]") {
  pool workers({.workers = 2});
  bool ran = false;
  auto child = [&ran](counted) -> fork_task<> {
    ran = true;
    co_return;
  };
  auto make = [&](std::size_t i) {
    if (i == 5) throw std::runtime_error("no sixth");
    return child(counted(static_cast<int>(i)));
  };
  auto all = [&]() -> fork_task<std::string> {
    const std::size_t before = stack_capacity();
    try {
      co_await fork_join(10, make);
    } catch (const std::runtime_error& error) {
      co_return stack_capacity() == before ? error.what() : "its memory was not given back";
    }
    co_return "";
  };
  CHECK(to_pool(workers, all).get() == "no sixth");
  CHECK_FALSE(ran);
  CHECK(counted::alive == 0);
}

TEST_CASE("more forks than can be counted are refused", "[sched][fork_join]") {
  pool workers({.workers = 1});
  auto all = []() -> fork_task<> {
    (void)co_await fork_join(std::numeric_limits<std::size_t>::max(), square);
  };
  CHECK_THROWS_AS(to_pool(workers, all).get(), std::length_error);
}

TEST_CASE("values of a range that only move come out, and go once", "[sched][fork_join]") {
  pool workers({.workers = 2});
  auto all = []() -> fork_task<int> {
    const auto child = [](std::size_t i) { return pass(counted(static_cast<int>(i))); };
    std::vector<counted> values = co_await fork_join(100, child);
    co_return std::accumulate(values.begin(), values.end(), 0,
                              [](int sum, const counted& each) { return sum + each.value; });
  };
  CHECK(to_pool(workers, all).get() == 4950);
  CHECK(counted::alive == 0);
}

TEST_CASE("a loop of ranges reuses its memory", "[sched][fork_join]") {
  pool workers({.workers = 1});
  auto loop = []() -> fork_task<std::size_t> {
    const auto child = [](std::size_t i) { return pass(counted(static_cast<int>(i))); };
    (void)co_await fork_join(1000, child);
    const std::size_t before = stack_capacity();
    for (int i = 0; i < 1000; ++i) (void)co_await fork_join(1000, child);
    co_return stack_capacity() - before;
  };
  CHECK(to_pool(workers, loop).get() == 0);
}

THREAD_TEST_CASE("a cancel ends a range of forks at the next fork", "[sched][fork_join]") {
  pool workers({.workers = 2});
  std::atomic<bool> started{false};
  auto for_ever = [](std::atomic<bool>* started) -> fork_task<> {
    const auto child = [](std::size_t i) { return pass(counted(static_cast<int>(i))); };
    for (;;) {
      const std::vector<counted> values = co_await fork_join(10, child);
      started->store(values.size() == 10);
    }
  };
  join_handle<void> running =
      spawn([&]() -> task<> { co_await to_pool(workers, for_ever, &started); });
  co_await until([&] { return started.load(); });
  running.cancel();
  bool cancelled = false;
  try {
    co_await running;
  } catch (const operation_cancelled&) {
    cancelled = true;
  }
  CHECK(cancelled);
  CHECK(counted::alive == 0);
}
