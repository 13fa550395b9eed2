#pragma once

#include <lariat/sched/task/task.hpp>

#include <string>
#include <utility>

namespace lariat::io::fs {

/// A directory with a name of its own, for temporary files; removed with all that is in it.
class temp_dir {
 public:
  /// Makes one, with permissions 0700.
  ///
  /// \param parent Where; empty: $TMPDIR, or /tmp.
  /// \throws std::system_error
  ///
  /// \par Cancellation
  /// None is left behind.
  [[nodiscard]] static task<temp_dir> create(std::string parent = {});

  temp_dir(temp_dir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  temp_dir& operator=(temp_dir&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }

  /// Removes it by plain system calls, which block the loop, and says on stderr what it could not
  /// remove: `co_await remove()` does not block, and throws.
  ~temp_dir();

  /// Empty once it has been removed, released or moved from.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// The path of a file in it: `path() + "/" + name`.
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + '/' + name; }

  /// Keeps the directory: it is the caller's now.
  [[nodiscard("the directory is the caller's now")]] std::string release() noexcept {
    return std::exchange(path_, {});
  }

  /// Removes it now.
  ///
  /// \throws std::system_error naming what cannot be removed.
  ///
  /// \par Cancellation
  /// The destructor removes what is left.
  [[nodiscard]] task<> remove();

 private:
  explicit temp_dir(std::string path) noexcept : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace lariat::io::fs
