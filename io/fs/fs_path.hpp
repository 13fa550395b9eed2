#pragma once

#include <lariat/io/file/detail/path_op.hpp>
#include <lariat/io/file/detail/stat_op.hpp>
#include <lariat/sched/task/task.hpp>

#include <cstdint>
#include <string>
#include <string_view>

// One system call on a path each. Where io_uring has the operation it goes through the ring, by a
// worker thread of the kernel: 35 us, whereas the plain call takes under one when everything is
// cached, but may block the loop for milliseconds when it is not. The rest runs on a thread of the
// lane "files". Every failure is a std::system_error naming the operation and the path. Paths are
// copied, and relative to the working directory.

namespace lariat::io::fs {

/// What a file is, following symbolic links.
///
/// \throws std::system_error
///
/// \par Cancellation
/// Harmless.
[[nodiscard]] detail::path_stat_op stat(std::string_view path);

/// The same, but a symbolic link is described itself.
///
/// \throws std::system_error
///
/// \par Cancellation
/// Harmless.
[[nodiscard]] detail::path_stat_op lstat(std::string_view path);

/// See `exists`.
class [[nodiscard("it does nothing until it is awaited")]] exists_op final
    : public detail::path_op {
 public:
  explicit exists_op(std::string_view path) : path_op("stat", path) {}
  void prepare_entry(io_uring_sqe& entry) noexcept override;
  bool await_resume() const {
    if (is_missing()) return false;
    throw_if_failed();
    return true;
  }
  result<bool> await_result() const noexcept {
    if (is_missing()) return {{}, false};
    return {take_error(), succeeded()};
  }

 private:
  [[nodiscard]] bool is_missing() const noexcept;
  detail::stat_buffer buffer_;
};

/// Whether there is something at `path`; false for a symbolic link that leads nowhere. It may be
/// gone when you act on the answer: better to act, and look at the error.
///
/// \throws std::system_error if that cannot be found out: EACCES, ELOOP.
///
/// \par Cancellation
/// Harmless.
[[nodiscard]] exists_op exists(std::string_view path);

/// What `access` asks for. Combine with `|`.
enum class access_mode : unsigned { exists = 0, execute = 1, write = 2, read = 4 };

/// Both.
[[nodiscard]] constexpr access_mode operator|(access_mode a, access_mode b) noexcept {
  return static_cast<access_mode>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

/// Checks that the process's effective user may do that to the file: faccessat(2).
///
/// \throws std::system_error EACCES if not, ENOENT if there is no such file.
///
/// \par Cancellation
/// Harmless.
[[nodiscard]] task<> access(std::string path, access_mode mode);

/// Renames a file; an existing `to` is replaced, at once for all who look.
///
/// \throws std::system_error EXDEV between file systems: copy, then remove.
///
/// \par Cancellation
/// Not renamed.
[[nodiscard]] detail::path_status_op rename(std::string_view from, std::string_view to);

/// See `remove`.
class [[nodiscard("it does nothing until it is awaited")]] remove_op final
    : public detail::path_op {
 public:
  explicit remove_op(std::string_view path) : path_op("remove", path) {}
  void prepare_entry(io_uring_sqe& entry) noexcept override;

  /// \throws std::system_error naming the path.
  void await_resume() const { throw_if_failed(); }
  result<void> await_result() const noexcept { return {take_error()}; }

 private:
  bool completed() noexcept override;
  bool directory_ = false;
};

/// Removes a file, a symbolic link or an empty directory: remove(3). For a tree see remove_all.
///
/// \throws std::system_error ENOENT if there is none, ENOTEMPTY.
///
/// \par Cancellation
/// Not removed.
[[nodiscard]] remove_op remove(std::string_view path);

/// Makes a directory. See also mkdir_all.
///
/// \throws std::system_error EEXIST if there is something.
///
/// \par Cancellation
/// Not made.
[[nodiscard]] detail::path_status_op mkdir(std::string_view path, unsigned permissions = 0777);

/// Gives the file `from` a second name, `to`.
///
/// \throws std::system_error EEXIST, EXDEV.
///
/// \par Cancellation
/// Not linked.
[[nodiscard]] detail::path_status_op link(std::string_view from, std::string_view to);

/// Makes a symbolic link at `path` that leads to `target`, which need not exist.
///
/// \throws std::system_error EEXIST.
///
/// \par Cancellation
/// Not made.
[[nodiscard]] detail::path_status_op symlink(std::string_view target, std::string_view path);

/// Where a symbolic link leads to.
///
/// \throws std::system_error EINVAL if it is none.
///
/// \par Cancellation
/// Harmless.
[[nodiscard]] task<std::string> readlink(std::string path);

/// The absolute path without symbolic links, "." and "..": realpath(3).
///
/// \throws std::system_error
///
/// \par Cancellation
/// Harmless.
[[nodiscard]] task<std::string> realpath(std::string path);

/// Cuts the file, or extends it by zeros: truncate(2).
///
/// \throws std::system_error
///
/// \par Cancellation
/// A call that has started is waited for.
[[nodiscard]] task<> resize(std::string path, std::uint64_t size);

/// Sets the permissions, the lower twelve bits of st_mode: chmod(2).
///
/// \throws std::system_error
///
/// \par Cancellation
/// A call that has started is waited for.
[[nodiscard]] task<> chmod(std::string path, unsigned permissions);

}  // namespace lariat::io::fs
