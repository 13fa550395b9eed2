#pragma once

#include "thread_test.hpp"

#include <exception>

/// As `run_on_futex_loop`, for threads beside that of the test: checks nothing, for Catch2 is not
/// for several threads. What `body` throws ends the program, and it leaves no task behind.
template <class Body>
void run_on_own_loop(Body body) noexcept {
  lariat::futex_driver driver;
  lariat::loop loop(driver);
  bool done = false;
  const auto main = [&]() -> lariat::task<> {
    try {
      co_await body();
    } catch (...) {
      std::terminate();
    }
    done = true;
  };
  call starter([&] { lariat::spawn(main).detach(); });
  loop.post(starter);
  loop.run_until(done);
}
