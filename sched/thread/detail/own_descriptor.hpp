#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <string>

namespace lariat::detail {

/// Moves a descriptor of the library away from 0, 1 and 2, which belong to the program even if it
/// has closed them. Closes the low one, and returns one of at least 3 that is closed on exec.
/// \return -1, with errno, if there is none left; `fd` as it is if it is -1 or high enough.
[[nodiscard]] int own_descriptor(int fd) noexcept;

/// The content of a small file of /proc or /sys; empty if it cannot be read.
[[nodiscard]] std::string read_system_file(const char* path);

}  // namespace lariat::detail
