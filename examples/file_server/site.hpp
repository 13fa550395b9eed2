#pragma once

#include <lariat/io/file/file.hpp>
#include <lariat/io/op/descriptor.hpp>
#include <lariat/sched/task/task.hpp>

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace file_server {

/// A file that is open to be sent.
struct document {
  lariat::io::file content;
  std::uint64_t size = 0;
  std::time_t modified = 0;
  std::string_view type;  ///< "text/html; charset=utf-8".
};

/// A directory whose files may be read, and nothing outside of it: the kernel refuses paths and
/// symbolic links that lead out (RESOLVE_BENEATH of openat2(2)).
class site {
 public:
  /// \throws std::system_error if `root` is no directory.
  explicit site(const std::string& root);

  /// Opens a regular file by its path below the root; for a directory its "index.html".
  ///
  /// \throws refusal 404 if there is none, 403 if it may not be read, 301 if `path` is a directory
  /// and does not end in "/", 503 if there are too many open files.
  [[nodiscard]] lariat::task<document> open(std::string path) const;

 private:
  [[nodiscard]] lariat::task<lariat::io::descriptor> open_beneath(const std::string& path) const;

  lariat::io::descriptor root_;
};

}  // namespace file_server
