#include <lariat/sched/executor/detail/timer_wheel.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <vector>

using namespace lariat;
using detail::timer_entry;
using detail::timer_wheel;

namespace {

struct step final : runnable {
  explicit step(int id = 0) : id(id) {}
  void run() noexcept override {}
  int id;
  timer_entry timer{*this};
};

constexpr clock_ns slot_ns = 1024;

clock_ns slot_end(clock_ns deadline) { return (deadline + slot_ns - 1) / slot_ns * slot_ns; }

std::vector<int> fired(timer_wheel& wheel, clock_ns now) {
  std::vector<int> ids;
  wheel.advance(now, [&](runnable& each) { ids.push_back(static_cast<step&>(each).id); });
  return ids;
}

// The wheel against what it stands for, with random deadlines, cancels and steps of time.
class comparison {
 public:
  comparison(unsigned seed, clock_ns start) : random_(seed), now_(start), wheel_(start) {}

  void run(int operations) {
    for (int i = 0; i < operations; ++i) {
      const unsigned choice = below(10);
      if (choice < 5) {
        insert();
      } else if (choice < 7) {
        cancel();
      } else {
        check_next();
        advance();
      }
      REQUIRE(wheel_.size() == expected_.size());
    }
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  void insert() {
    auto deadline = now_ + static_cast<clock_ns>(below(std::uint64_t{1} << below(40)));
    if (below(50) == 0) deadline = no_deadline - static_cast<clock_ns>(below(5));
    if (below(20) == 0 && !expected_.empty()) deadline = expected_.begin()->first;
    steps_.push_back(std::make_unique<step>());
    wheel_.insert(steps_.back()->timer, deadline);
    expected_.emplace(deadline, steps_.back().get());
  }

  void cancel() {
    if (expected_.empty()) return;
    auto chosen = expected_.begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(below(expected_.size())));
    wheel_.cancel(chosen->second->timer);
    expected_.erase(chosen);
  }

  // Never later than the first deadline's slot, or than the next one.
  void check_next() {
    const clock_ns next = wheel_.next_deadline();
    if (expected_.empty()) return;
    const clock_ns first = expected_.begin()->first;
    if (first >= last_) return;
    REQUIRE(next <= std::max(slot_end(first), (now_ / slot_ns + 1) * slot_ns));
  }

  void advance() {
    const clock_ns next = wheel_.next_deadline();
    if (below(2) == 0 && next > now_ && next < last_) {
      now_ = next;
    } else {
      now_ = std::min(last_, now_ + static_cast<clock_ns>(below(std::uint64_t{1} << below(38))));
    }
    wheel_.advance(now_, [&](runnable& each) {
      auto& due = static_cast<step&>(each);
      REQUIRE(due.timer.deadline() <= now_);
      REQUIRE(expected_.begin()->second == &due);  // A multimap keeps the order of insertion.
      expected_.erase(expected_.begin());
    });
    const clock_ns first = expected_.empty() ? no_deadline : expected_.begin()->first;
    const bool late = first < last_ && slot_end(first) <= now_;
    REQUIRE_FALSE(late);
  }

  static constexpr clock_ns last_ = no_deadline - 4 * slot_ns;
  std::mt19937_64 random_;
  clock_ns now_;
  timer_wheel wheel_;
  std::multimap<clock_ns, step*> expected_;
  std::vector<std::unique_ptr<step>> steps_;
};

}  // namespace

TEST_CASE("the wheel fires as a sorted list would", "[sched][timer_wheel]") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    comparison(seed, (clock_ns{1} << (10 + seed % 50)) - 1).run(2000);
  }
}

TEST_CASE("timers fire in order of deadline, equal ones in order of insertion",
          "[sched][timer_wheel]") {
  timer_wheel wheel(0);
  std::vector<std::unique_ptr<step>> steps;
  const clock_ns deadlines[] = {5'000'000, 10, 5'000'000, 2'000, 10, 5'000'000'000, 5'000'000};
  for (int id = 0; id < 7; ++id) {
    steps.push_back(std::make_unique<step>(id));
    wheel.insert(steps.back()->timer, deadlines[id]);
  }
  CHECK(fired(wheel, 10'000'000'000) == std::vector{1, 4, 3, 0, 2, 6, 5});
  CHECK(wheel.size() == 0);
}

TEST_CASE("nothing fires early, and nothing more than a slot late", "[sched][timer_wheel]") {
  for (const clock_ns deadline : {clock_ns{1}, clock_ns{1023}, clock_ns{1024}, clock_ns{1025},
                                  clock_ns{70'000}, clock_ns{4'200'000'000}}) {
    timer_wheel wheel(0);
    step one(1);
    wheel.insert(one.timer, deadline);
    CHECK(fired(wheel, deadline - 1).empty());
    CHECK(fired(wheel, slot_end(deadline)) == std::vector{1});
  }
}

TEST_CASE("one wake-up serves timers that follow closely", "[sched][timer_wheel]") {
  timer_wheel wheel(0);
  step first(1);
  step near(2);
  step far(3);
  wheel.insert(first.timer, 5'000);
  CHECK(wheel.next_wake() == wheel.next_deadline());
  wheel.insert(far.timer, 30'000);
  CHECK(wheel.next_wake() == wheel.next_deadline());
  wheel.insert(near.timer, 9'000);
  CHECK(wheel.next_wake() >= 9'000);
  CHECK(wheel.next_wake() <= slot_end(9'000));
  wheel.cancel(near.timer);
  CHECK(wheel.next_wake() == wheel.next_deadline());
  wheel.cancel(first.timer);
  wheel.cancel(far.timer);
  CHECK(wheel.next_wake() == no_deadline);
}

TEST_CASE("many equal deadlines keep their order down all levels", "[sched][timer_wheel]") {
  timer_wheel wheel(0);
  std::vector<std::unique_ptr<step>> steps;
  std::vector<int> expected;
  for (int id = 0; id < 101; ++id) {
    steps.push_back(std::make_unique<step>(id));
    // Three times, which lie in the first slot of a level below, in another one, and in between.
    const clock_ns times[] = {5'000'000'000, 5'000'000'000 + 70'000, 5'000'000'000 + 5'000'000};
    wheel.insert(steps.back()->timer, times[id % 3]);
  }
  for (int kind = 0; kind < 3; ++kind) {
    for (int id = kind; id < 101; id += 3) expected.push_back(id);
  }
  CHECK(fired(wheel, 6'000'000'000) == expected);
}

TEST_CASE("a deadline in the past fires at the next advance", "[sched][timer_wheel]") {
  timer_wheel wheel(1'000'000);
  step past(1);
  step negative(2);
  wheel.insert(past.timer, 5);
  wheel.insert(negative.timer, -5);
  CHECK(wheel.next_deadline() <= slot_end(1'000'000));
  CHECK(fired(wheel, slot_end(1'000'000)) == std::vector{2, 1});
}

TEST_CASE("the last deadlines of the clock neither overflow nor fire", "[sched][timer_wheel]") {
  timer_wheel wheel(0);
  step last(1);
  step never(2);
  wheel.insert(last.timer, no_deadline - 1);
  wheel.insert(never.timer, no_deadline);
  CHECK(wheel.next_deadline() > 0);
  CHECK(fired(wheel, no_deadline / 2).empty());
  CHECK(wheel.size() == 2);
  wheel.cancel(last.timer);
  wheel.cancel(never.timer);
  CHECK(wheel.next_deadline() == no_deadline);
}

TEST_CASE("a cancelled timer does not fire, and can be inserted again", "[sched][timer_wheel]") {
  timer_wheel wheel(0);
  step one(1);
  step two(2);
  wheel.insert(one.timer, 2000);
  wheel.insert(two.timer, 2000);
  wheel.cancel(one.timer);
  CHECK_FALSE(one.timer.armed());
  CHECK(fired(wheel, 10'000) == std::vector{2});
  wheel.insert(one.timer, 20'000);
  CHECK(fired(wheel, 30'000) == std::vector{1});
}

TEST_CASE("a timer that is due may be cancelled by one that fires before it",
          "[sched][timer_wheel]") {
  timer_wheel wheel(0);
  step one(1);
  step two(2);
  wheel.insert(one.timer, 100);
  wheel.insert(two.timer, 200);
  std::vector<int> ids;
  wheel.advance(5000, [&](runnable& each) {
    ids.push_back(static_cast<step&>(each).id);
    if (two.timer.armed()) wheel.cancel(two.timer);
  });
  CHECK(ids == std::vector{1});
  CHECK(wheel.size() == 0);
}
