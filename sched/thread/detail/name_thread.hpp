#pragma once

#include <cstddef>
#include <string>

namespace lariat::detail {

/// Names this thread `group/number` for people who look with top; `group` is cut so that the whole
/// fits the kernel's limit. Best effort.
void name_this_thread(const std::string& group, std::size_t number) noexcept;

}  // namespace lariat::detail
