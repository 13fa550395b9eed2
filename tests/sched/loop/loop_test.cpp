#include "child_process.hpp"
#include "fake_loop.hpp"

#include <lariat/sched/loop/detail/debug_options.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

// A step that is always ready again, until told to stop.
class busy final : public runnable {
 public:
  busy(loop& owner, std::uint64_t& steps, const bool& stop)
      : owner_(owner), steps_(steps), stop_(stop) {}
  void run() noexcept override {
    ++steps_;
    if (!stop_) owner_.ready(*this);
  }

 private:
  loop& owner_;
  std::uint64_t& steps_;
  const bool& stop_;
};

std::vector<std::unique_ptr<busy>> crowd(loop& owner, std::size_t size, std::uint64_t& steps,
                                         const bool& stop) {
  std::vector<std::unique_ptr<busy>> all;
  for (std::size_t i = 0; i < size; ++i) {
    all.push_back(std::make_unique<busy>(owner, steps, stop));
    owner.post(*all.back());
  }
  return all;
}

}  // namespace

TEST_CASE("steps run in the order in which they were posted", "[sched][loop]") {
  fake_driver driver;
  loop loop(driver);
  std::string order;
  bool done = false;
  call a([&] { order += 'a'; });
  call c([&] { order += 'c'; });
  call b([&] {
    order += 'b';
    loop.post(c);  // Behind what is ready.
  });
  call end([&] { order += '.'; });
  call last([&] { done = true; });
  loop.post(a);
  loop.post(b);
  loop.post(end);
  call then([&] { loop.post(last); });
  loop.post(then);
  loop.run_until(done);
  CHECK(order == "ab.c");
}

TEST_CASE("the loop stops at the step that says so", "[sched][loop]") {
  fake_driver driver;
  loop loop(driver);
  bool done = false;
  int later = 0;
  call stop([&] { done = true; });
  call after([&] { ++later; });
  loop.post(stop);
  loop.post(after);
  loop.run_until(done);
  CHECK(later == 0);
  bool again = false;
  call stop_again([&] { again = true; });
  loop.post(stop_again);
  loop.run_until(again);
  CHECK(later == 1);  // A loop may be run again, and has lost nothing.
}

TEST_CASE("current is the running loop, and null elsewhere", "[sched][loop]") {
  CHECK(loop::current() == nullptr);
  CHECK_THROWS_AS((void)loop::require("a test"), std::logic_error);
  fake_driver driver;
  loop own(driver);
  loop* inside = nullptr;
  bool done = false;
  call step([&] {
    inside = loop::current();
    done = true;
  });
  own.post(step);
  own.run_until(done);
  CHECK(inside == &own);
  CHECK(loop::current() == nullptr);
}

LOOP_TEST_CASE("running a loop inside a running loop is refused", "[sched][loop]") {
  fake_driver driver;
  loop inner(driver);
  const bool done = true;
  std::string error;
  try {
    inner.run_until(done);
  } catch (const std::logic_error& refusal) {
    error = refusal.what();
  }
  CHECK(error.find("inside a running loop") != std::string::npos);
  co_return;
}

TEST_CASE("always-ready steps delay a timer by at most one turn's limit", "[sched][loop][budget]") {
  fake_driver driver;
  loop loop(driver);
  std::uint64_t steps = 0;
  bool stop = false;
  auto all = crowd(loop, 300, steps, stop);
  std::uint64_t started = 0;
  std::uint64_t fired = 0;
  call alarm([&] {
    fired = steps;
    stop = true;
  });
  detail::timer_entry timer(alarm);
  call start([&] {
    started = steps;
    loop.timers().insert(timer, loop.now());
    driver.advance(10us);
  });
  loop.post(start);
  loop.run_until(stop);
  CHECK(fired > started);
  // To the end of the turn, and then behind the 300 that were ready before it.
  CHECK(fired - started <= 256 + 300);
}

TEST_CASE("always-ready steps delay a post by at most one turn's limit", "[sched][loop][budget]") {
  fake_driver driver;
  loop loop(driver);
  std::uint64_t steps = 0;
  bool stop = false;
  auto all = crowd(loop, 300, steps, stop);
  std::uint64_t posted = 0;
  std::uint64_t arrived = 0;
  call message([&] {
    arrived = steps;
    stop = true;
  });
  std::thread sender;
  call start([&] {
    std::atomic<bool> sent = false;
    sender = std::thread([&] {
      loop.post(message);
      sent = true;
    });
    while (!sent) std::this_thread::yield();
    posted = steps;
  });
  loop.post(start);
  loop.run_until(stop);
  sender.join();
  CHECK(arrived - posted <= 256 + 300);
}

TEST_CASE("a turn polls the driver however many steps are ready", "[sched][loop][budget]") {
  fake_driver driver;
  loop loop(driver);
  std::uint64_t steps = 0;
  bool stop = false;
  auto all = crowd(loop, 300, steps, stop);
  bool done = false;
  std::uint64_t polls = 0;
  call check([&] { done = true; });
  std::unique_ptr<call> watch;
  watch = std::make_unique<call>([&] {
    polls = driver.polls();
    if (steps < 256 * 100) return loop.ready(*watch);
    stop = true;
    loop.ready(check);
  });
  loop.post(*watch);
  loop.run_until(done);
  CHECK(polls >= 100);
  CHECK(driver.parks() == 0);
}

TEST_CASE("a turn ends by time too", "[sched][loop][budget]") {
  fake_driver driver;
  loop loop(driver, {.steps = 1'000'000, .turn_ns = 100'000});
  std::uint64_t steps = 0;
  bool stop = false;
  auto all = crowd(loop, 10, steps, stop);
  bool done = false;
  std::uint64_t turns = 0;
  std::unique_ptr<call> slow;
  slow = std::make_unique<call>([&] {
    driver.advance(50us);
    if (loop.turns() < 10 && steps < 100'000) return loop.ready(*slow);
    turns = loop.turns();
    stop = done = true;
  });
  loop.post(*slow);
  loop.run_until(done);
  CHECK(turns == 10);
  CHECK(steps < 10 * 10 * 20);
}

LOOP_TEST_CASE("300 tasks that always yield do not delay a sleeper", "[sched][loop][budget]") {
  bool stop = false;
  std::uint64_t steps = 0;
  auto spin = [&]() -> task<> {
    while (!stop) {
      ++steps;
      if (steps % 256 == 0) driver_here().advance(1us);
      co_await yield();
    }
  };
  std::vector<join_handle<void>> all;
  for (int i = 0; i < 300; ++i) all.push_back(spawn(spin));
  co_await sleep_for(1us);
  const std::uint64_t woken = steps;
  stop = true;
  for (join_handle<void>& each : all) co_await each;
  // One to three microseconds of 256 steps each, a turn and the queue.
  CHECK(woken <= 3 * 256 + 256 + 300);
}

TEST_CASE("a post from another thread wakes a loop that sleeps", "[sched][loop][threads]") {
  fake_driver driver;
  loop loop(driver);
  bool done = false;
  call step([&] { done = true; });
  std::thread sender([&] {
    while (!driver.asleep()) std::this_thread::yield();
    loop.post(step);
  });
  loop.run_until(done);
  sender.join();
  CHECK(done);
}

TEST_CASE("an awake loop is sent no wake", "[sched][loop][threads]") {
  fake_driver driver;
  loop loop(driver);
  bool done = false;
  call arrived([&] { done = true; });
  call step([&] { std::thread([&] { loop.post(arrived); }).join(); });
  loop.post(step);
  loop.run_until(done);
  CHECK(driver.wakes() == 0);
}

TEST_CASE("posts of several threads all arrive, each thread's in order", "[sched][loop][threads]") {
  loop_thread other;
  constexpr std::size_t senders = 3;
  constexpr int count = 5000;
  std::array<int, senders> seen{};
  bool ordered = true;
  std::vector<std::vector<std::unique_ptr<call>>> steps(senders);
  for (std::size_t id = 0; id < senders; ++id) {
    for (int i = 0; i < count; ++i) {
      steps[id].push_back(std::make_unique<call>([&, id, i] {
        if (seen[id] != i) ordered = false;
        ++seen[id];
      }));
    }
  }
  std::vector<std::thread> threads;
  for (std::size_t id = 0; id < senders; ++id) {
    threads.emplace_back([&, id] {
      for (auto& each : steps[id]) other.loop().post(*each);
    });
  }
  for (std::thread& each : threads) each.join();
  other.run([&] {
    for (int each : seen) CHECK(each == count);
    CHECK(ordered);
  });
}

TEST_CASE("a step posted as from a signal handler wakes the loop, which can then be destroyed",
          "[sched][loop][threads]") {
  fake_driver driver;
  bool done = false;
  call step([&] { done = true; });
  {
    loop loop(driver);
    std::thread sender([&] {
      while (!driver.asleep()) std::this_thread::yield();
      loop.post_from_signal(step);
    });
    loop.run_until(done);
    sender.join();
  }
  CHECK(done);
}

LOOP_TEST_CASE("live counts tasks and children, not foreign coroutines", "[sched][loop]") {
  loop& own = *loop::current();
  CHECK(own.live() == 1);
  (void)own.foreign_context();
  CHECK(own.live() == 1);
  join_handle<void> handle = spawn([]() -> task<> { co_await yield(); });
  CHECK(own.live() == 2);
  co_await handle;
  CHECK(own.live() == 1);
}

LOOP_TEST_CASE("for_each_task visits the live tasks, oldest first", "[sched][loop]") {
  auto body = []() -> task<> { co_await yield(); };
  join_handle<void> first = spawn({.name = "first"}, body);
  join_handle<void> second = spawn({.name = "second"}, body);
  std::string names;
  loop::current()->for_each_task(
      [&](const context& task) { names += std::string(task.name()) + ','; });
  CHECK(names == ",first,second,");
  co_await first;
  co_await second;
}

LOOP_TEST_CASE("cancel_all cancels every task", "[sched][loop]") {
  auto body = []() -> task<> { co_await sleep_for(1h); };
  join_handle<void> first = spawn(body);
  join_handle<void> second = spawn(body);
  co_await yield();
  std::string reason;
  loop::current()->cancel_all("over");
  try {
    co_await sleep_for(1h);  // We are one of them.
  } catch (const operation_cancelled& cancelled) {
    reason = cancelled.reason();
  }
  CHECK(reason == "over");
  const outcome<void> one = co_await as_result(first);
  const outcome<void> two = co_await as_result(second);
  CHECK(one.cancelled());
  CHECK(two.cancelled());
}

TEST_CASE("a closed loop cancels what starts later, but not a cleanup's children",
          "[sched][loop]") {
  fake_driver driver;
  loop loop(driver);
  bool cleaned = false;
  bool later_ran = false;
  auto cleanup = [&]() -> task<> {
    co_await sleep_for(1ms);
    cleaned = true;
  };
  auto late = [&]() -> task<> {
    later_ran = true;
    co_return;
  };
  auto body = [&]() -> task<> {
    try {
      co_await sleep_for(1h);
    } catch (const operation_cancelled&) {
    }
    spawn(late).detach();
    co_await uncancellable(timeout(1s, cleanup()));
  };
  bool closed = false;
  call start([&] { spawn(body).detach(); });
  call close([&] {
    loop.close("shutting down");
    closed = true;
  });
  loop.post(start);
  bool turned = false;
  call turn([&] { turned = true; });
  call later([&] { loop.post(turn); });
  loop.post(later);
  loop.run_until(turned);
  CHECK_FALSE(loop.drained());
  loop.post(close);
  loop.run_until(loop.drained());
  CHECK(closed);
  CHECK(cleaned);
  CHECK_FALSE(later_ran);
  CHECK(loop.live() == 0);
}

TEST_CASE("a loop that is destroyed while tasks live lists them", "[sched][loop]") {
  if (!detail::deadlock_checks()) return;
  child_process child([] {
    // Not destroyed: what the task waits for, and what runs the loop, outlive the loop.
    auto* const never = new event;
    auto* const driver = new fake_driver;
    auto wait = [](event& awaited) -> task<> { co_await awaited.wait(); };
    {
      loop lost(*driver);
      bool turned = false;
      call begin([&] { spawn({.name = "left"}, wait, std::ref(*never)).detach(); });
      call stop([&] { turned = true; });
      lost.post(begin);
      lost.post(stop);
      lost.run_until(turned);
    }
    return 0;
  });
  CHECK(child.await_output("lariat: a loop was destroyed while tasks of it live:\ntask "));
  CHECK(child.await_output("\"left\" "));
  CHECK(child.await_output("loop_test.cpp:"));
}
