#pragma once

#include <lariat/io/loop_driver.hpp>
#include <lariat/sched/loop.hpp>
#include <lariat/sched/spawn.hpp>
#include <lariat/sched/task.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <utility>

/// Runs `body`, a function that gives a task, on a loop of its own over `driver`, until it and
/// every task that it spawned have ended. Rethrows what it throws.
template <class Driver = lariat::io::loop_driver, class Body>
void run_on_fresh_loop(Body body) {
  Driver driver;
  lariat::loop loop(driver);
  bool done = false;
  std::exception_ptr error;
  auto main = [&]() -> lariat::task<> {
    try {
      co_await body();
    } catch (...) {
      error = std::current_exception();
    }
    // The last one out is this task itself, and the context of foreign coroutines if there is one.
    done = true;
  };
  struct starter final : lariat::runnable {
    explicit starter(decltype(main)& body) : body(body) {}
    void run() noexcept override { lariat::spawn(body).detach(); }
    decltype(main)& body;
  } starter(main);
  loop.post(starter);
  loop.run_until(done);
  bool idle = false;
  while (loop.live() > 0) {
    loop.cancel_all("the test has ended");
    struct turn final : lariat::runnable {
      explicit turn(bool& flag) : flag(flag) {}
      void run() noexcept override { flag = true; }
      bool& flag;
    } turn(idle);
    idle = false;
    loop.ready(turn);
    loop.run_until(idle);
  }
  driver.drain();
  if (error != nullptr) std::rethrow_exception(error);
}

// A test case whose body is a coroutine.
#define LARIAT_TEST_NAME_2(line) coroutine_test_##line
#define LARIAT_TEST_NAME_1(line) LARIAT_TEST_NAME_2(line)
#define COROUTINE_TEST_CASE(...)                                   \
  static lariat::task<> LARIAT_TEST_NAME_1(__LINE__)();            \
  TEST_CASE(__VA_ARGS__) { run_on_fresh_loop(&LARIAT_TEST_NAME_1(__LINE__)); } \
  static lariat::task<> LARIAT_TEST_NAME_1(__LINE__)()
