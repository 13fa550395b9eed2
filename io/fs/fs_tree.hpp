#pragma once

#include <lariat/sched/task/task.hpp>

#include <cstdint>
#include <string>

namespace lariat::io::fs {

/// Makes a directory and those above it that are missing. No error if it exists.
///
/// \throws std::system_error naming the directory: ENOTDIR or EEXIST if a file is in the way.
///
/// \par Cancellation
/// Part of the directories may have been made.
[[nodiscard]] task<> mkdir_all(std::string path, unsigned permissions = 0777);

/// Removes whatever is at `path`, a directory with all that is in it, and gives the number of names
/// removed: 0 if there was nothing. Symbolic links are removed, never followed, even if somebody
/// exchanges a directory for one meanwhile. Holds a descriptor for each level of the tree.
///
/// \throws std::system_error naming what cannot be removed; what came before is gone.
///
/// \par Cancellation
/// Ends between two names; part of the tree may be gone.
[[nodiscard]] task<std::uint64_t> remove_all(std::string path);

}  // namespace lariat::io::fs

namespace lariat::io::detail {

/// What remove_all does, on this thread. \throws std::system_error
std::uint64_t remove_tree(const std::string& path);

}  // namespace lariat::io::detail
