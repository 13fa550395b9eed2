#pragma once

#include <lariat/io/file/file_stat.hpp>
#include <lariat/sched/task/generator.hpp>

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace lariat::io::fs {

/// A name in a directory.
struct dir_entry {
  std::string name;                     ///< Without the directory.
  file_type type = file_type::unknown;  ///< Of the name itself: a symbolic link is a symlink.
  std::uint64_t inode = 0;
};

/// The names in the directory `path`, but for "." and "..", in no particular order. Read in batches
/// of some hundreds on a thread of the lane "files", for io_uring has no operation for it.
///
/// \throws std::system_error naming the directory, from `next`: ENOENT, ENOTDIR, EACCES.
///
/// \par Cancellation
/// Ends the sequence.
[[nodiscard]] async_generator<dir_entry> entries(std::string path);

/// What `walk` does with a directory that it cannot read.
enum class on_walk_error : unsigned char {
  report,  ///< Yields it once more, with `error` set.
  skip,    ///< Goes on as if it were empty.
  fail,    ///< Throws, and the walk ends.
};

/// How `walk` goes.
struct walk_options {
  on_walk_error on_error = on_walk_error::report;
  bool follow_symlinks = false;      ///< Into directories; each directory is visited once.
  unsigned depth_max = ~0U;          ///< 1: the names in the directory itself.
  std::vector<std::string> exclude;  ///< Names, such as ".git", left out with all below them.
};

/// A file or directory that a walk has come to.
struct walk_entry {
  std::string path;                     ///< Beginning with the path that was given to `walk`.
  file_type type = file_type::unknown;  ///< Of the name itself: a symbolic link is a symlink.
  unsigned depth = 0;                   ///< 1 for the names in the directory itself.
  std::error_code error;                ///< Why the directory `path` could not be read.
};

/// Everything below the directory `path`, which itself is not yielded. A directory comes before
/// what is in it, and all its names before those of its subdirectories. One directory is open at a
/// time, and the walk remembers those that are still to be read.
///
/// \throws std::system_error from `next`, if `on_error` says so.
///
/// \par Cancellation
/// Ends the sequence.
[[nodiscard]] async_generator<walk_entry> walk(std::string path, walk_options options);

/// The same with the default options.
///
/// \par Cancellation
/// As above.
[[nodiscard]] async_generator<walk_entry> walk(std::string path);

}  // namespace lariat::io::fs
