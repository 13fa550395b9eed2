#pragma once

#include <cstdint>
#include <string>

namespace lariat::detail {

/// A time in nanoseconds as people write it: "1.3 s", "250 ms", "40 us". Three digits are enough,
/// but for thousands of seconds.
[[nodiscard]] std::string duration_text(std::int64_t ns);

}  // namespace lariat::detail
