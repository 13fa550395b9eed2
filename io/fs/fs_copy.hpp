#pragma once

#include <lariat/sched/task/task.hpp>

#include <cstdint>
#include <string>

namespace lariat::io::fs {

/// How `copy` treats the target.
struct copy_options {
  bool overwrite = true;  ///< false: EEXIST if there is a file already.
};

/// Copies a file's content and permissions, and gives its size. Shares the blocks where the file
/// system can (a reflink, instant), otherwise by copy_file_range(2), or by reading and writing.
/// Holes stay holes where the file system tells of them. The target is written in place; one that
/// is a symbolic link is followed.
///
/// \throws std::system_error; a target that was made is removed again.
///
/// \par Cancellation
/// Looked for after each MiB. A target that was made is removed; one that was there before has
/// been emptied and written in part.
[[nodiscard]] task<std::uint64_t> copy(std::string from, std::string to, copy_options options = {});

}  // namespace lariat::io::fs
