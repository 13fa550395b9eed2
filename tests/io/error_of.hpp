#pragma once

#include <lariat/sched/task/task.hpp>

#include <system_error>
#include <utility>

/// The code of the std::system_error that `work` ends by; none if it ends well.
inline lariat::task<std::error_code> error_of(lariat::task<> work) {
  try {
    co_await std::move(work);
  } catch (const std::system_error& error) {
    co_return error.code();
  }
  co_return std::error_code();
}
