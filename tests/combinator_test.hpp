#pragma once

#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/task.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

// Tasks that end in a known way, to be combined, and how an await ended.

inline lariat::task<int> after(std::chrono::nanoseconds delay, int value) {
  co_await lariat::sleep_for(delay);
  co_return value;
}

inline lariat::task<int> fail_after(std::chrono::nanoseconds delay, const char* text) {
  co_await lariat::sleep_for(delay);
  throw std::runtime_error(text);
}

/// Has its value when it is cancelled.
inline lariat::task<int> survivor(int value) {
  try {
    co_await lariat::sleep_for(std::chrono::hours(1));
  } catch (const lariat::operation_cancelled&) {
  }
  co_return value;
}

/// "value", "cancelled REASON", or what the exception says.
inline std::string end_text(const std::exception_ptr& error) {
  if (error == nullptr) return "value";
  try {
    std::rethrow_exception(error);
  } catch (const lariat::operation_cancelled& cancelled) {
    return cancelled.reason().empty() ? "cancelled" : "cancelled " + cancelled.reason();
  } catch (const lariat::timeout_error&) {
    return "timeout";  // The rest of its text are places.
  } catch (const std::exception& other) {
    return other.what();
  }
}

/// How an await ended, as `end_text`.
template <class Awaitable>
lariat::task<std::string> end_of(Awaitable awaitable) {
  std::exception_ptr error;
  try {
    (void)co_await std::move(awaitable);
  } catch (...) {
    error = std::current_exception();
  }
  co_return end_text(error);
}

/// The same of a task that the caller goes on to look at.
template <class T>
lariat::task<std::string> end_of(lariat::join_handle<T>& handle) {
  std::exception_ptr error;
  try {
    (void)co_await handle;
  } catch (...) {
    error = std::current_exception();
  }
  co_return end_text(error);
}

/// How `body`, a function that gives a task, ends in a task that was cancelled just before.
template <class Body>
lariat::task<std::string> end_under_cancel(Body body) {
  lariat::join_handle<void> self;
  self = lariat::spawn([&]() -> lariat::task<> {
    self.cancel("early");
    (void)co_await body();
  });
  const std::string end = co_await end_of(self);
  co_return end;
}
