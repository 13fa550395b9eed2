#pragma once

#include "fake_loop.hpp"
#include "thread_test.hpp"

#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/time/timeout.hpp>

#include "child_process.hpp"

#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

/// The text of the std::logic_error that `function` throws; empty if it throws none.
template <class Function>
std::string logic_error_of(Function function) {
  try {
    (void)function();
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return {};
}

/// The same of what `body`, a function that gives a task, throws.
template <class Body>
lariat::task<std::string> logic_error_in(Body body) {
  try {
    (void)co_await body();
  } catch (const std::logic_error& error) {
    co_return error.what();
  }
  co_return std::string();
}

/// Lets everything that is ready run, and what that makes ready.
inline lariat::task<> settle() {
  for (int i = 0; i < 4; ++i) co_await lariat::yield();
}

/// Runs `function` on a thread of its own, to the end, while the loop stands still.
template <class Function>
void on_other_thread(Function function) {
  std::thread(std::move(function)).join();
}

/// What a process prints in which `body`, a function that gives a task, is run on a fake loop; it
/// has to die by SIGABRT.
template <class Body>
std::string last_words_of(Body body) {
  child_process child([&] {
    run_on_fake_loop(body);
    return 0;
  });
  CHECK(child.status() == child_process::killed_by(SIGABRT));
  return child.output();
}

/// The same for a program that makes an object by `make` on a loop, calls `ask(object)` while that
/// does not run, as another thread would, and then lets the loop go on. (With a thread in the child
/// ThreadSanitizer would end it.)
template <class Make, class Ask>
std::string last_words_of_request(Make make, Ask ask) {
  child_process child([&] {
    fake_driver driver;
    lariat::loop loop(driver);
    decltype(make()) object;
    run_on(loop, [&]() -> lariat::task<> {
      object = make();
      co_return;
    });
    ask(object);
    run_on(loop,
           []() -> lariat::task<> { co_await lariat::sleep_for(std::chrono::milliseconds(1)); });
    return 0;
  });
  CHECK(child.status() == child_process::killed_by(SIGABRT));
  return child.output();
}
