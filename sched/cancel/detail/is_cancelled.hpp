#pragma once

#include <exception>

namespace lariat::detail {

/// Whether `error` is an operation_cancelled.
[[nodiscard]] bool is_cancelled(const std::exception_ptr& error) noexcept;

}  // namespace lariat::detail
