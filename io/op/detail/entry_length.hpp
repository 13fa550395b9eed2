#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <algorithm>
#include <cstddef>

namespace lariat::io::detail {

/// What one entry can transfer: the kernel's limit (MAX_RW_COUNT), and whole pages for O_DIRECT.
[[nodiscard]] constexpr unsigned entry_length(std::size_t bytes) noexcept {
  return static_cast<unsigned>(std::min<std::size_t>(bytes, 0x7ffff000));
}

}  // namespace lariat::io::detail
