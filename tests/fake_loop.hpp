#pragma once

#include "fake_driver.hpp"

#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/task.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timer.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <source_location>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// A step that calls a function.
class call final : public lariat::runnable {
 public:
  explicit call(std::function<void()> function) : function_(std::move(function)) {}
  void run() noexcept override { function_(); }

 private:
  std::function<void()> function_;
};

/// The failures that a loop reports, as text, instead of on stderr. Any thread.
class failure_log {
 public:
  explicit failure_log(lariat::loop& owner) { owner.on_failure(&failure_log::add, this); }
  failure_log(const failure_log&) = delete;
  struct entry {
    std::string name;
    std::string text;
    std::source_location site;
  };
  [[nodiscard]] std::vector<entry> entries() {
    std::lock_guard lock(mutex_);
    return entries_;
  }

 private:
  static void add(void* self, const lariat::unhandled_failure& failure) noexcept {
    auto& log = *static_cast<failure_log*>(self);
    std::string text = "?";
    try {
      std::rethrow_exception(failure.error());
    } catch (const std::exception& error) {
      text = error.what();
    } catch (...) {
    }
    std::lock_guard lock(log.mutex_);
    log.entries_.push_back(
        {std::string(failure.task().name()), std::move(text), failure.task().spawn_site()});
  }
  std::mutex mutex_;
  std::vector<entry> entries_;
};

/// Runs `body`, a function that gives a task, on `loop` until it has ended; rethrows what it
/// throws. Afterwards no task may be left.
template <class Body>
void run_on(lariat::loop& loop, Body body) {
  bool done = false;
  std::exception_ptr error;
  auto main = [&]() -> lariat::task<> {
    try {
      co_await body();
    } catch (...) {
      error = std::current_exception();
    }
    done = true;
  };
  call starter([&] { lariat::spawn(main).detach(); });
  loop.post(starter);
  loop.run_until(done);
  const std::size_t left = loop.live();
  while (loop.live() > 0) {
    loop.cancel_all("the test has ended");
    bool turned = false;
    call turn([&] { turned = true; });
    loop.post(turn);
    loop.run_until(turned);
  }
  if (error != nullptr) std::rethrow_exception(error);
  CHECK(left == 0);
}

/// The same on a fresh loop over a fake_driver.
template <class Body>
void run_on_fake_loop(Body body, lariat::loop_limits limits = {}) {
  fake_driver driver;
  lariat::loop loop(driver, limits);
  run_on(loop, std::move(body));
}

/// The driver of the running loop.
inline fake_driver& driver_here() {
  return static_cast<fake_driver&>(lariat::loop::current()->driver());
}

/// The time on the running loop's clock.
inline std::chrono::nanoseconds time_here() {
  return std::chrono::nanoseconds(lariat::loop::current()->now());
}

/// Waits until `condition` holds, while time passes: for what other tasks, or threads, will do.
template <class Condition>
lariat::task<> until(Condition condition) {
  for (;;) {
    const bool holds = condition();
    if (holds) co_return;
    co_await lariat::sleep_for(std::chrono::microseconds(1));
    std::this_thread::yield();
  }
}

/// A loop on a thread of its own, over a fake_driver. Its tasks must have ended when it goes.
class loop_thread {
 public:
  loop_thread() : loop_(driver_), thread_([this] { loop_.run_until(done_); }) {}
  ~loop_thread() {
    call stop([this] { done_ = true; });
    loop_.post(stop);
    thread_.join();
  }
  [[nodiscard]] lariat::loop& loop() noexcept { return loop_; }

  /// Calls `function` there, and waits.
  template <class Function>
  void run(Function function) {
    std::mutex mutex;
    std::condition_variable changed;
    bool called = false;
    call step([&] {
      function();
      const std::lock_guard lock(mutex);  // To the end: the caller destroys all this.
      called = true;
      changed.notify_one();
    });
    loop_.post(step);
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return called; });
  }

  /// Waits until nothing lives there, and nothing is on its way.
  void finish() {
    for (bool idle = false; !idle;) {
      run([&] { idle = loop_.live() == 0; });
    }
    run([] {});
  }

  /// Spawns there.
  template <class Function, class... Args>
  auto spawn(Function function, Args... args) {
    return lariat::detail::launch(lariat::detail::spawn_place{loop_}, "remote",
                                  std::source_location::current(), std::move(function),
                                  std::move(args)...);
  }

 private:
  fake_driver driver_;
  lariat::loop loop_;
  bool done_ = false;
  std::thread thread_;
};

// A test case whose body is a coroutine that runs on a fake loop. No `co_await` inside CHECK and
// REQUIRE: with g++ Catch names the expression twice, and a coroutine then awaits it twice.
#define LARIAT_LOOP_TEST_NAME_2(line) loop_test_##line
#define LARIAT_LOOP_TEST_NAME_1(line) LARIAT_LOOP_TEST_NAME_2(line)
#define LOOP_TEST_CASE(...)                                                        \
  static lariat::task<> LARIAT_LOOP_TEST_NAME_1(__LINE__)();                       \
  TEST_CASE(__VA_ARGS__) { run_on_fake_loop(&LARIAT_LOOP_TEST_NAME_1(__LINE__)); } \
  static lariat::task<> LARIAT_LOOP_TEST_NAME_1(__LINE__)()
