#include "combinator_test.hpp"
#include "fake_loop.hpp"
#include "thread_test.hpp"

#include <lariat/sched/pool/to_pool.hpp>
#include <lariat/sched/scope/start_staggered.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

// Attempts that write down when they began, in milliseconds, and how they ended.
struct attempts {
  std::string log;

  task<int> succeed(nanoseconds duration, int value) {
    note("begin", value);
    try {
      co_await sleep_for(duration);
    } catch (const operation_cancelled&) {
      note("cancelled", value);
      throw;
    }
    co_return value;
  }
  task<int> fail(nanoseconds duration, int number) {
    note("begin", number);
    if (duration > 0ns) co_await sleep_for(duration);
    throw std::runtime_error("attempt " + std::to_string(number));
  }
  void note(const char* what, int number) {
    log += std::string(what) + ' ' + std::to_string(number) + " at " +
           std::to_string((time_here() - start).count() / 1'000'000) + "; ";
  }
  nanoseconds start = time_here();
};

}  // namespace

LOOP_TEST_CASE("the first attempt that succeeds in time is the only one",
               "[sched][start_staggered]") {
  attempts of;
  auto [index, value] = co_await start_staggered(5ms, of.succeed(2ms, 1), of.succeed(1ms, 2));
  CHECK(index == 0);
  CHECK(value == 1);
  CHECK(of.log == "begin 1 at 0; ");
  CHECK(loop::current()->timers().size() == 0);
}

LOOP_TEST_CASE("an attempt that takes too long gets company, and the first to succeed wins",
               "[sched][start_staggered]") {
  attempts of;
  auto [index, value] = co_await start_staggered(10ms, of.succeed(1h, 1), of.succeed(1h, 2),
                                                 of.succeed(5ms, 3), of.succeed(1ms, 4));
  CHECK(index == 2);
  CHECK(value == 3);
  CHECK(of.log ==
        "begin 1 at 0; begin 2 at 10; begin 3 at 20; cancelled 1 at 25; cancelled 2 at 25; ");
  CHECK(loop::current()->timers().size() == 0);

  attempts late;
  auto [first, slow] = co_await start_staggered(10ms, late.succeed(15ms, 1), late.succeed(1h, 2),
                                                late.succeed(1ms, 3));
  CHECK(first == 0);
  CHECK(slow == 1);
  CHECK(late.log == "begin 1 at 0; begin 2 at 10; cancelled 2 at 15; ");
}

LOOP_TEST_CASE("an attempt that fails is followed at once, and the delay counts from there",
               "[sched][start_staggered]") {
  attempts of;
  std::vector<task<int>> all;
  all.push_back(of.fail(4ms, 1));
  all.push_back(of.fail(0ns, 2));
  all.push_back(of.succeed(1h, 3));
  all.push_back(of.succeed(1ms, 4));
  auto [index, value] = co_await start_staggered(10ms, std::move(all));
  CHECK(index == 3);
  CHECK(value == 4);
  CHECK(of.log == "begin 1 at 0; begin 2 at 4; begin 3 at 4; begin 4 at 14; cancelled 3 at 15; ");
}

LOOP_TEST_CASE("the failure of an attempt that was given company starts no other",
               "[sched][start_staggered]") {
  attempts of;
  auto [index, value] =
      co_await start_staggered(10ms, of.fail(12ms, 1), of.succeed(1h, 2), of.succeed(1ms, 3));
  CHECK(index == 2);
  CHECK(value == 3);
  CHECK(of.log == "begin 1 at 0; begin 2 at 10; begin 3 at 20; cancelled 2 at 21; ");
}

LOOP_TEST_CASE("when all attempts have failed, all failures are thrown",
               "[sched][start_staggered]") {
  attempts of;
  std::vector<std::string> texts;
  try {
    (void)co_await start_staggered(10ms, of.fail(15ms, 1), of.fail(1ms, 2), of.fail(0ns, 3));
  } catch (const exception_group& failed) {
    for (const std::exception_ptr& each : failed.errors()) texts.push_back(end_text(each));
    texts.emplace_back(failed.heading());
  }
  // In the order in which they happened.
  CHECK(texts == std::vector<std::string>{"attempt 2", "attempt 3", "attempt 1",
                                          "start_staggered: 3 failures"});
}

LOOP_TEST_CASE("a delay of zero starts one after the other, one without end only after failures",
               "[sched][start_staggered]") {
  attempts of;
  auto [index, value] = co_await start_staggered(0ns, of.succeed(5ms, 1), of.succeed(2ms, 2));
  CHECK(index == 1);
  CHECK(value == 2);
  CHECK(of.log == "begin 1 at 0; begin 2 at 0; cancelled 1 at 2; ");

  attempts patient;
  auto [only, last] =
      co_await start_staggered(nanoseconds::max(), patient.fail(1h, 1), patient.succeed(1h, 2));
  CHECK(only == 1);
  CHECK(last == 2);
}

LOOP_TEST_CASE("attempts give nothing, what cannot be copied, or are operations",
               "[sched][start_staggered]") {
  auto nothing = co_await start_staggered(1ms, sleep_for(1h), sleep_for(1us));
  CHECK(nothing.index == 1);
  const auto make = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
  auto owned = co_await start_staggered(1ms, make());
  CHECK(*owned.value == 3);
  bool refused = false;
  try {
    (void)co_await start_staggered(1ms, std::vector<task<int>>());
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CHECK(refused);
}

LOOP_TEST_CASE("a value that a loser gives while it is cancelled is dropped",
               "[sched][start_staggered]") {
  auto [index, value] = co_await start_staggered(1ms, survivor(7), after(1ms, 8));
  CHECK(index == 1);
  CHECK(value == 8);
}

LOOP_TEST_CASE("an attempt that cancels itself has failed", "[sched][start_staggered]") {
  attempts of;
  const auto gives_up = []() -> task<int> {
    throw operation_cancelled("by itself");
    co_return 0;
  };
  auto [index, value] = co_await start_staggered(1h, gives_up(), of.succeed(1ms, 2));
  CHECK(index == 1);
  CHECK(value == 2);
}

LOOP_TEST_CASE("a cancel before, during and after staggered attempts",
               "[sched][start_staggered][cancel]") {
  attempts of;
  const auto run = [&]() -> task<int> {
    auto ended =
        co_await start_staggered(10ms, of.succeed(1h, 1), of.succeed(1h, 2), of.succeed(1h, 3));
    co_return ended.value;
  };
  auto before = spawn(run);
  before.cancel("before");
  std::string end = co_await end_of(std::move(before));
  CHECK(end == "cancelled before");
  CHECK(of.log.empty());

  of.start = time_here();
  auto during = spawn(run);
  co_await sleep_for(15ms);
  during.cancel("during");
  end = co_await end_of(std::move(during));
  CHECK(end == "cancelled during");
  CHECK(of.log == "begin 1 at 0; begin 2 at 10; cancelled 1 at 15; cancelled 2 at 15; ");
  CHECK(loop::current()->timers().size() == 0);

  // A value that comes in spite of the cancel wins, and the cancel stays.
  bool pending = false;
  auto stubborn = spawn([&]() -> task<int> {
    auto ended = co_await start_staggered(1h, survivor(5), after(1ms, 6));
    pending = loop::current()->running()->cancel_pending();
    co_return ended.value;
  });
  co_await sleep_for(1us);
  stubborn.cancel();
  const int value = co_await stubborn;
  CHECK(value == 5);
  CHECK(pending);

  // Failures of attempts that were not cut short are told, if no other attempt was left.
  const auto failing = [](bool& seen) -> task<int> {
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
      seen = true;
    }
    throw std::runtime_error("cleanup");
  };
  bool seen = false;
  auto last = spawn([&]() -> task<int> {
    auto ended = co_await start_staggered(1h, failing(seen));
    co_return ended.value;
  });
  co_await sleep_for(1us);
  last.cancel();
  end = co_await end_of(std::move(last));
  CHECK(seen);
  CHECK(end.starts_with("start_staggered: 1 failure"));

  seen = false;
  // Attempts that the cancel has kept from starting might have succeeded.
  of.log.clear();
  auto kept = spawn([&]() -> task<int> {
    auto ended = co_await start_staggered(1h, failing(seen), of.succeed(1ms, 2));
    co_return ended.value;
  });
  co_await sleep_for(1us);
  kept.cancel("kept");
  end = co_await end_of(std::move(kept));
  CHECK(seen);
  CHECK(end == "cancelled kept");
  CHECK(of.log.empty());
}

LOOP_TEST_CASE("a timeout around staggered attempts ends them", "[sched][start_staggered]") {
  attempts of;
  const std::string end =
      co_await end_of(timeout(15ms, start_staggered(10ms, of.succeed(1h, 1), of.succeed(1h, 2))));
  CHECK(end == "timeout");
  CHECK(of.log == "begin 1 at 0; begin 2 at 10; cancelled 1 at 15; cancelled 2 at 15; ");
}

LOOP_TEST_CASE("an attempt fails in the turn in which the next is due",
               "[sched][start_staggered]") {
  // Both are due in one wake-up, so the timer's step is queued behind the failure.
  attempts of;
  const auto fails_then = [&]() -> task<int> {
    of.note("begin", 1);
    co_await sleep_for(10ms - 5us);
    throw std::runtime_error("attempt 1");
  };
  auto [index, value] =
      co_await start_staggered(10ms, fails_then(), of.succeed(15ms, 2), of.succeed(1ms, 3));
  CHECK(index == 2);
  CHECK(value == 3);
  CHECK(of.log == "begin 1 at 0; begin 2 at 10; begin 3 at 20; cancelled 2 at 21; ");
}

LOOP_TEST_CASE("an attempt succeeds in the turn in which the next is due",
               "[sched][start_staggered]") {
  attempts of;
  auto [index, value] = co_await start_staggered(10ms, of.succeed(10ms - 5us, 1),
                                                 of.succeed(1ms, 2), of.succeed(1ms, 3));
  CHECK(index == 0);
  CHECK(value == 1);
  CHECK(of.log == "begin 1 at 0; ");
  CHECK(loop::current()->timers().size() == 0);
}

THREAD_TEST_CASE("a task on a pool has staggered attempts there", "[sched][start_staggered]") {
  pool workers({.workers = 2});
  const auto run = []() -> task<int> {
    const auto fails = []() -> task<int> {
      throw std::runtime_error("no");
      co_return 0;
    };
    const auto succeeds = [](int value) -> task<int> { co_return value; };
    auto ended = co_await start_staggered(1h, fails(), succeeds(4), succeeds(5));
    co_return ended.value;
  };
  const int value = co_await to_pool(workers, run);
  CHECK(value == 4);
}
