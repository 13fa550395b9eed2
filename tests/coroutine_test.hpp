#pragma once

#include <lariat/io/driver/loop_driver.hpp>
#include <lariat/runtime/testing/simulation.hpp>
#include <lariat/sched/loop/detail/failure_text.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/task.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <cstdlib>
#include <exception>
#include <mutex>
#include <source_location>
#include <string>
#include <utility>

/// Fails the test for each task of a loop that failed and that nobody awaited.
class unawaited_failures {
 public:
  explicit unawaited_failures(lariat::loop& owner) : owner_(owner) {
    owner.on_failure(&unawaited_failures::add, this);
  }
  unawaited_failures(const unawaited_failures&) = delete;
  ~unawaited_failures() {
    owner_.on_failure(nullptr, nullptr);
    if (!text_.empty()) FAIL_CHECK(text_);
  }

 private:
  static void add(void* self, const lariat::unhandled_failure& failure) noexcept {
    auto& all = *static_cast<unawaited_failures*>(self);
    const std::lock_guard lock(all.mutex_);  // A handle may be dropped by another thread.
    all.text_ += lariat::detail::failure_text(failure) + '\n';
  }

  lariat::loop& owner_;
  std::mutex mutex_;
  std::string text_;
};

/// Runs `body`, a function that gives a task, on a loop of its own over `driver`, and rethrows what
/// it throws. Then the loop is closed, as a runtime's is: tasks that are left are cancelled and run
/// to their ends, so that none outlives what the test has on its stack.
template <class Driver, class Body>
void run_on_loop_over(Driver& driver, Body body) {
  lariat::loop loop(driver);
  const unawaited_failures unawaited(loop);
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
  const lariat::detail::spawn_place place{loop};
  lariat::detail::launch(place, "test", std::source_location::current(), main).detach();
  loop.run_until(done);
  loop.close("the test has ended");
  loop.run_until(loop.drained());
  driver.drain();
  if (error != nullptr) std::rethrow_exception(error);
}

/// The same over a driver of its own.
template <class Driver = lariat::io::loop_driver, class Body>
void run_on_fresh_loop(Body body) {
  Driver driver;
  run_on_loop_over(driver, std::move(body));
}

/// Runs the body of a COROUTINE_TEST_CASE: on a fresh loop with a ring, or, if LARIAT_SIMULATED is
/// set, in a calm simulation. So the same tests hold the simulated kernel against the real one;
/// those that need the real one have the tag [kernel].
inline void run_test_body(lariat::task<> (*body)()) {
  if (std::getenv("LARIAT_SIMULATED") == nullptr) return run_on_fresh_loop(body);
  lariat::testing::simulation_options calm;
  calm.faults.delayed = 0;
  calm.faults.short_transfer = 0;
  calm.faults.cancel_too_late = 0;
  calm.faults.multishot_end = 0;
  calm.faults.watch_buffers = false;
  lariat::testing::simulation(calm).run(body());
}

// A test case whose body is a coroutine: COROUTINE_TEST_CASE("sentence", "[tag]") { co_await ...; }
// It runs on a fresh loop with a ring. No `co_await` inside CHECK and REQUIRE: with g++ Catch names
// the expression twice, and a coroutine then awaits it twice.
#define LARIAT_TEST_NAME_2(line) coroutine_test_##line
#define LARIAT_TEST_NAME_1(line) LARIAT_TEST_NAME_2(line)
#define COROUTINE_TEST_CASE(...)                                           \
  static lariat::task<> LARIAT_TEST_NAME_1(__LINE__)();                    \
  TEST_CASE(__VA_ARGS__) { run_test_body(&LARIAT_TEST_NAME_1(__LINE__)); } \
  static lariat::task<> LARIAT_TEST_NAME_1(__LINE__)()
