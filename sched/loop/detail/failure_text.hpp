#pragma once

#include <exception>
#include <string>

namespace lariat {
class unhandled_failure;
}

namespace lariat::detail {

/// What an exception says of itself: what(), a cancel's reason, or that it is of unknown type.
[[nodiscard]] std::string exception_text(const std::exception_ptr& error);

/// "lariat: task 7 \"serve\" (spawned at echo.cpp:31) failed and was not awaited: ...".
[[nodiscard]] std::string failure_text(const unhandled_failure& failure);

}  // namespace lariat::detail
