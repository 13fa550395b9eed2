#pragma once

#include <lariat/sched/task/task.hpp>

#include <cstdint>
#include <string>

namespace treesum {

/// How far the program is, for those who watch.
struct progress {
  std::uint64_t files_total = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// What became of one file.
struct checksum {
  std::string path;
  std::string sum;    ///< In hexadecimal.
  std::string error;  ///< Why there is none; empty if there is.
};

/// Computes the sum of one file, through two buffers whatever its size. An error of the file is in
/// the answer; `so_far` outlives the task.
[[nodiscard]] lariat::task<checksum> checksum_of(std::string path, progress& so_far);

/// The line that sha256sum(1) prints for it, and its `-c` reads.
[[nodiscard]] std::string line_of(const checksum& of);

}  // namespace treesum
