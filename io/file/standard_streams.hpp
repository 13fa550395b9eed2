#pragma once

#include <lariat/io/file/file.hpp>

namespace lariat::io {

/// The standard input of the process, as a file.
/// A descriptor of its own, which may be closed; the cursor is the one that all share that have it.
///
/// \throws std::system_error EBADF if it is closed.
[[nodiscard]] file standard_input();

/// The standard output. What printf and std::cout hold in their buffers is not in it yet: flush
/// them before.
///
/// \throws std::system_error EBADF if it is closed.
[[nodiscard]] file standard_output();

/// The standard error.
///
/// \throws std::system_error EBADF if it is closed.
[[nodiscard]] file standard_error();

}  // namespace lariat::io
