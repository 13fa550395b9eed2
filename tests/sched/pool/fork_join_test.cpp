#include "coroutine_test.hpp"

#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/pool/to_pool.hpp>

#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace lariat;

namespace {

fork_task<long> fibonacci(int n) {
  if (n < 2) co_return n;
  auto [left, right] = co_await fork_join(fibonacci(n - 1), fibonacci(n - 2));
  co_return left + right;
}

fork_task<int> value_of(int value) { co_return value; }

fork_task<int> fail(const char* text) {
  throw std::runtime_error(text);
  co_return 0;
}

std::string error_of(fork_task<int> (*function)()) {
  pool workers({.workers = 2});
  try {
    (void)to_pool(workers, function).get();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

// Counts those that are alive.
struct counted {
  static inline std::atomic<int> alive{0};
  explicit counted(int value) : value(value) { ++alive; }
  counted(counted&& other) noexcept : value(other.value) { ++alive; }
  ~counted() { --alive; }
  int value;
};

fork_task<counted> counted_sum(counted of, int depth) {
  if (depth == 0) co_return std::move(of);
  auto [left, right] = co_await fork_join(counted_sum(counted(of.value), depth - 1),
                                          counted_sum(counted(of.value), depth - 1));
  co_return counted(left.value + right.value);
}

}  // namespace

TEST_CASE("forks give their values in order, on one worker and on several", "[sched][fork_join]") {
  for (const unsigned count : {1U, 2U, 8U}) {
    pool workers({.workers = count});
    CHECK(to_pool(workers, fibonacci, 20).get() == 6765);
    CHECK(to_pool(workers, fibonacci, 0).get() == 0);
  }
}

TEST_CASE("a fork_task awaits another one, three at once, and nothing at all",
          "[sched][fork_join]") {
  pool workers({.workers = 2});
  auto all = []() -> fork_task<std::string> {
    const int one = co_await value_of(1);
    auto [two, three, four] = co_await fork_join(value_of(2), value_of(3), value_of(4));
    auto nothing = []() -> fork_task<> { co_return; };
    co_await fork_join(nothing(), nothing());
    co_await nothing();
    co_return std::to_string(one) + std::to_string(two) + std::to_string(three) +
        std::to_string(four);
  };
  CHECK(to_pool(workers, all).get() == "1234");
}

TEST_CASE("a free worker steals a fork while its forker is busy", "[sched][fork_join]") {
  pool workers({.workers = 2});
  auto meet = [](std::latch* both) -> fork_task<std::thread::id> {
    both->arrive_and_wait();  // Passed only if the other one runs too.
    co_return std::this_thread::get_id();
  };
  auto fork = [&]() -> fork_task<bool> {
    std::latch both(2);
    auto [first, second] = co_await fork_join(meet(&both), meet(&both));
    co_return first != second;
  };
  for (int i = 0; i < 100; ++i) REQUIRE(to_pool(workers, fork).get());
}

TEST_CASE("the first of several failures is thrown, when all forks have ended",
          "[sched][fork_join]") {
  CHECK(error_of([]() -> fork_task<int> {
          auto [a, b, c] = co_await fork_join(value_of(1), fail("second"), fail("third"));
          co_return a + b + c;
        }) == "second");
  CHECK(error_of([]() -> fork_task<int> { co_return co_await fail("alone"); }) == "alone");
}

TEST_CASE("a failure passes through every level of a tree", "[sched][fork_join]") {
  struct tree {
    static fork_task<int> sum(int depth) {
      if (depth == 0) throw std::runtime_error("leaf");
      auto [left, right] = co_await fork_join(sum(depth - 1), sum(depth - 1));
      co_return left + right;
    }
  };
  CHECK(error_of([]() -> fork_task<int> { co_return co_await tree::sum(8); }) == "leaf");
}

// Forks until something stops it.
fork_task<int> fork_for_ever(std::atomic<bool>* started) {
  for (;;) {
    *started = true;
    co_await fork_join(value_of(1), value_of(2));
  }
}

fork_task<int> fail_after(std::atomic<bool>* started) {
  while (!*started) std::this_thread::yield();
  co_return co_await fail("the other one");
}

TEST_CASE("a failure stops its siblings at their next fork, however deep", "[sched][fork_join]") {
  struct deep {
    static fork_task<int> run(int depth, std::atomic<bool>* started) {
      if (depth == 0) co_return co_await fork_for_ever(started);
      auto [a, b] = co_await fork_join(run(depth - 1, started), value_of(1));
      co_return a + b;
    }
  };
  // Either side may be the one that is stolen.
  for (int i = 0; i < 20; ++i) {
    CHECK(error_of([]() -> fork_task<int> {
            std::atomic<bool> started{false};
            auto [a, b] = co_await fork_join(deep::run(10, &started), fail_after(&started));
            co_return a + b;
          }) == "the other one");
    CHECK(error_of([]() -> fork_task<int> {
            std::atomic<bool> started{false};
            auto [a, b] = co_await fork_join(fail_after(&started), deep::run(10, &started));
            co_return a + b;
          }) == "the other one");
  }
}

TEST_CASE("a failure stops nobody but its siblings", "[sched][fork_join]") {
  struct scene {
    static fork_task<int> catch_one(std::atomic<bool>* caught) {
      try {
        co_await fork_join(value_of(1), fail("inner"));
      } catch (const std::runtime_error&) {
      }
      *caught = true;
      co_return 1;
    }
    // Forks until the other one has caught, and after that.
    static fork_task<int> go_on(std::atomic<bool>* caught) {
      int sum = 0;
      for (int after = 0; after < 100; after += *caught ? 1 : 0) {
        auto [a, b] = co_await fork_join(value_of(1), value_of(2));
        sum = a + b;
      }
      co_return sum;
    }
  };
  for (int i = 0; i < 100; ++i) {
    CHECK(error_of([]() -> fork_task<int> {
            std::atomic<bool> caught{false};
            auto [a, b] = co_await fork_join(scene::go_on(&caught), scene::catch_one(&caught));
            throw std::runtime_error(std::to_string(a + b));
          }) == "4");
  }
}

TEST_CASE("a fork_task may catch a failure of its forks and go on", "[sched][fork_join]") {
  CHECK(error_of([]() -> fork_task<int> {
          int caught = 0;
          for (int i = 0; i < 100; ++i) {
            try {
              auto [a, b] = co_await fork_join(value_of(1), fail("inner"));
              caught += a + b;
            } catch (const std::runtime_error&) {
              ++caught;
            }
          }
          if (caught == 100) throw std::runtime_error("caught all");
          co_return caught;
        }) == "caught all");
}

TEST_CASE("parameters and results with destructors are destroyed once", "[sched][fork_join]") {
  for (const unsigned count : {1U, 4U}) {
    pool workers({.workers = count});
    CHECK(to_pool(workers, counted_sum, counted(1), 10).get().value == 1024);
    CHECK(counted::alive == 0);
  }
}

TEST_CASE("what only moves goes in and comes out", "[sched][fork_join]") {
  pool workers({.workers = 2});
  auto pass = [](std::unique_ptr<int> own) -> fork_task<std::unique_ptr<int>> {
    co_return std::move(own);
  };
  CHECK(*to_pool(workers, pass, std::make_unique<int>(7)).get() == 7);
}

TEST_CASE("recursion is bounded by memory, not by a stack", "[sched][fork_join]") {
  struct chain {
    static fork_task<long> length(long left) {
      if (left == 0) co_return 0;
      auto [rest, one] = co_await fork_join(length(left - 1), unit());
      co_return rest + one;
    }
    static fork_task<long> unit() { co_return 1; }
  };
  pool workers({.workers = 2});
  CHECK(to_pool(workers, &chain::length, 500'000L).get() == 500'000);
}

TEST_CASE("a loop of forks reuses its memory", "[sched][fork_join]") {
  pool workers({.workers = 1});
  auto loop = []() -> fork_task<std::size_t> {
    co_await fork_join(value_of(1), value_of(2));
    const std::size_t before = detail::current_stacklet().frames.capacity();
    for (int i = 0; i < 100'000; ++i) co_await fork_join(value_of(1), value_of(2));
    co_return detail::current_stacklet().frames.capacity() - before;
  };
  CHECK(to_pool(workers, loop).get() == 0);
}

TEST_CASE("frames of one fork may need a segment of memory each", "[sched][fork_join]") {
  struct frames {
    static fork_task<counted> small(counted of) { co_return std::move(of); }
    static fork_task<counted> large(counted of) {
      std::byte room[300'000];
      asm volatile("" ::"r"(room) : "memory");  // It has to be in the frame.
      room[0] = std::byte{1};
      const counted passed = co_await small(counted(of.value));
      co_return counted(passed.value * static_cast<int>(room[0]));
    }
    static fork_task<int> fixed() {
      auto [a, b, c, d] = co_await fork_join(small(counted(1)), large(counted(2)),
                                             large(counted(3)), small(counted(4)));
      co_return a.value + b.value + c.value + d.value;
    }
    static fork_task<int> range() {
      const auto child = [](std::size_t i) {
        return i % 2 == 0 ? small(counted(1)) : large(counted(1));
      };
      int sum = 0;
      for (const counted& each : co_await fork_join(10, child)) sum += each.value;
      co_return sum;
    }
  };
  for (const unsigned count : {1U, 4U}) {
    for (int i = 0; i < 10; ++i) {
      pool workers({.workers = count});
      REQUIRE(to_pool(workers, &frames::fixed).get() == 10);
      REQUIRE(to_pool(workers, &frames::range).get() == 10);
    }
    CHECK(counted::alive == 0);
  }
}

TEST_CASE("a fork_task that is called outside a pool is refused", "[sched][fork_join]") {
  CHECK_THROWS_AS(fibonacci(3), std::logic_error);
}
