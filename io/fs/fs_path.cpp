#include <lariat/io/fs/fs_path.hpp>

#include <lariat/io/fs/detail/file_lane.hpp>
#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/io/op/detail/signal_guard.hpp>

#include <liburing.h>

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include <cerrno>

namespace lariat::io::fs {
namespace {

using detail::path_status_op;

void check(bool success, const char* operation, const std::string& path) {
  if (!success) detail::throw_error(errno, operation, path);
}

// Those that the lane runs.

void access_here(const std::string& path, int mode) {
  check(detail::sys::access(path.c_str(), mode) == 0, "access", path);
}

std::string readlink_here(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t length = detail::sys::readlink(path.c_str(), target, sizeof target);
  check(length >= 0, "readlink", path);
  return std::string(target, static_cast<std::size_t>(length));
}

std::string realpath_here(const std::string& path) {
  std::string found;
  check(detail::sys::realpath(path.c_str(), found) == 0, "realpath", path);
  return found;
}

void resize_here(const std::string& path, std::uint64_t size) {
  const detail::signal_guard guard({SIGXFSZ});
  check(detail::sys::truncate(path.c_str(), size) == 0, "truncate", path);
}

void chmod_here(const std::string& path, unsigned permissions) {
  check(detail::sys::chmod(path.c_str(), permissions) == 0, "chmod", path);
}

void prepare_rename(const path_status_op& self, io_uring_sqe& entry) noexcept {
  ::io_uring_prep_renameat(&entry, AT_FDCWD, self.path(), AT_FDCWD, self.other(), 0);
}

void prepare_mkdir(const path_status_op& self, io_uring_sqe& entry) noexcept {
  ::io_uring_prep_mkdirat(&entry, AT_FDCWD, self.path(), self.number());
}

void prepare_link(const path_status_op& self, io_uring_sqe& entry) noexcept {
  ::io_uring_prep_linkat(&entry, AT_FDCWD, self.path(), AT_FDCWD, self.other(), 0);
}

void prepare_symlink(const path_status_op& self, io_uring_sqe& entry) noexcept {
  ::io_uring_prep_symlinkat(&entry, self.path(), AT_FDCWD, self.other());
}

}  // namespace

detail::path_stat_op stat(std::string_view path) { return {"stat", path, 0}; }

detail::path_stat_op lstat(std::string_view path) { return {"lstat", path, AT_SYMLINK_NOFOLLOW}; }

exists_op exists(std::string_view path) { return exists_op(path); }

void exists_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_statx(&entry, AT_FDCWD, path(), 0, STATX_TYPE, buffer_.kernel_view());
}

bool exists_op::is_missing() const noexcept { return result_ == -ENOENT || result_ == -ENOTDIR; }

detail::path_status_op rename(std::string_view from, std::string_view to) {
  return path_status_op("rename", prepare_rename, from, to);
}

remove_op remove(std::string_view path) { return remove_op(path); }

void remove_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_unlinkat(&entry, AT_FDCWD, path(), directory_ ? AT_REMOVEDIR : 0);
}

bool remove_op::completed() noexcept {
  if (result_ != -EISDIR || directory_) return true;
  directory_ = true;
  return false;
}

detail::path_status_op mkdir(std::string_view path, unsigned permissions) {
  return path_status_op("mkdir", prepare_mkdir, path, permissions);
}

detail::path_status_op link(std::string_view from, std::string_view to) {
  return path_status_op("link", prepare_link, from, to);
}

detail::path_status_op symlink(std::string_view target, std::string_view path) {
  return path_status_op("symlink", prepare_symlink, target, path);
}

task<> access(std::string path, access_mode mode) {
  detail::check_path("access", path);
  co_await to_thread(detail::on_file_lane(), access_here, path, static_cast<int>(mode));
}

task<std::string> readlink(std::string path) {
  detail::check_path("readlink", path);
  co_return co_await to_thread(detail::on_file_lane(), readlink_here, path);
}

task<std::string> realpath(std::string path) {
  detail::check_path("realpath", path);
  co_return co_await to_thread(detail::on_file_lane(), realpath_here, path);
}

task<> resize(std::string path, std::uint64_t size) {
  detail::check_path("truncate", path);
  co_await to_thread(detail::on_file_lane(), resize_here, path, size);
}

task<> chmod(std::string path, unsigned permissions) {
  detail::check_path("chmod", path);
  co_await to_thread(detail::on_file_lane(), chmod_here, path, permissions);
}

}  // namespace lariat::io::fs
