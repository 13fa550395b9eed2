#pragma once

#include "fake_loop.hpp"

#include <lariat/sched/executor/futex_driver.hpp>

#include <latch>

/// Runs `body`, a function that gives a task, on a fresh loop that sleeps on a futex, in real time:
/// for tests in which other threads work for the loop.
template <class Body>
void run_on_futex_loop(Body body) {
  lariat::futex_driver driver;
  lariat::loop loop(driver);
  run_on(loop, std::move(body));
}

/// Something for a thread to be busy with: a call of it lasts until `release`.
class occupation {
 public:
  void operator()() {
    started_.count_down();
    released_.wait();
  }
  [[nodiscard]] bool started() const noexcept { return started_.try_wait(); }
  void release() { released_.count_down(); }

 private:
  std::latch started_{1};
  std::latch released_{1};
};

// A test case whose body is a coroutine on such a loop. No `co_await` inside CHECK and REQUIRE.
#define LARIAT_THREAD_TEST_NAME_2(line) thread_test_##line
#define LARIAT_THREAD_TEST_NAME_1(line) LARIAT_THREAD_TEST_NAME_2(line)
#define THREAD_TEST_CASE(...)                                                         \
  static lariat::task<> LARIAT_THREAD_TEST_NAME_1(__LINE__)();                        \
  TEST_CASE(__VA_ARGS__) { run_on_futex_loop(&LARIAT_THREAD_TEST_NAME_1(__LINE__)); } \
  static lariat::task<> LARIAT_THREAD_TEST_NAME_1(__LINE__)()
