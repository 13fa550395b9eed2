#include <lariat/io/fs/fs_tree.hpp>

#include <lariat/io/fs/detail/file_lane.hpp>
#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/io/op/descriptor.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace lariat::io {
namespace {

bool is_directory(const std::string& path) noexcept {
  struct stat found;
  return detail::sys::fstatat(AT_FDCWD, path.c_str(), found, 0) == 0 && S_ISDIR(found.st_mode);
}

// Makes one directory; false if the one above is missing.
bool make_directory(const std::string& path, unsigned permissions) {
  if (detail::sys::mkdir(path.c_str(), permissions) == 0) return true;
  const int error = errno;
  if (error == ENOENT) return false;
  if (error == EEXIST && is_directory(path)) return true;
  detail::throw_error(error, "mkdir", path);
}

// Where the name above `path` ends: 0 if there is none.
std::size_t parent_length(std::string_view path) noexcept {
  std::size_t end = path.find_last_not_of('/');
  if (end == path.npos) return 0;
  end = path.find_last_of('/', end);
  if (end == path.npos) return 0;
  end = path.find_last_not_of('/', end);
  return end == path.npos ? 1 : end + 1;
}

void mkdir_all_here(const std::string& path, unsigned permissions) {
  // Down to a directory that is there or can be made, then up again.
  std::vector<std::string> missing;
  std::string current = path;
  while (!make_directory(current, permissions)) {
    const std::size_t length = parent_length(current);
    if (length == 0) detail::throw_error(ENOENT, "mkdir", current);
    missing.push_back(current);
    current.resize(length);
  }
  while (!missing.empty()) {
    if (!make_directory(missing.back(), permissions)) {
      detail::throw_error(ENOENT, "mkdir", missing.back());  // Somebody removes them meanwhile.
    }
    missing.pop_back();
  }
}

// An open directory of the tree, reading its names.
class level {
 public:
  // Opens `name` in `parent`, unless it is a symbolic link.
  level(int parent, const char* name, std::string path)
      : directory_(
            detail::sys::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)),
        path_(std::move(path)),
        names_(std::make_unique<std::byte[]>(names_bytes)) {
    if (!directory_) detail::throw_error(errno, "open", path_);
  }

  [[nodiscard]] int fd() const noexcept { return directory_.native_handle(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // The next name, or null at the end.
  const char* next() {
    for (;;) {
      if (at_ == filled_ && !refill()) return nullptr;
      const auto* const entry = reinterpret_cast<const dirent64*>(names_.get() + at_);
      at_ += entry->d_reclen;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") return entry->d_name;
    }
  }

 private:
  static constexpr std::size_t names_bytes = 32 * 1024;  // As readdir(3) takes them.

  bool refill() {
    const ssize_t filled = detail::sys::getdents64(fd(), names_.get(), names_bytes);
    // ENOENT: somebody else has removed the directory, so there is nothing more in it.
    if (filled < 0 && errno != ENOENT) detail::throw_error(errno, "readdir", path_);
    at_ = 0;
    filled_ = static_cast<std::size_t>(std::max<ssize_t>(filled, 0));
    return filled > 0;
  }

  descriptor directory_;
  std::string path_;
  std::unique_ptr<std::byte[]> names_;
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
};

// Removes a name that is no directory. False if it is one; gone already counts as removed.
bool remove_name(int parent, const char* name, const std::string& path) {
  if (detail::sys::unlinkat(parent, name, 0) == 0 || errno == ENOENT) return true;
  // EISDIR is Linux's answer, EPERM that of POSIX and of some file systems.
  if (errno != EISDIR && errno != EPERM) detail::throw_error(errno, "remove", path);
  struct stat found;
  const int refusal = errno;
  if (detail::sys::fstatat(parent, name, found, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISDIR(found.st_mode)) {
    detail::throw_error(refusal, "remove", path);
  }
  return false;
}

std::uint64_t remove_tree_until(const std::string& path, const stop_token& stop) {
  struct stat found;
  if (detail::sys::fstatat(AT_FDCWD, path.c_str(), found, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return 0;
    detail::throw_error(errno, "remove", path);
  }
  if (remove_name(AT_FDCWD, path.c_str(), path)) return 1;
  std::uint64_t removed = 0;
  std::vector<level> levels;
  levels.emplace_back(AT_FDCWD, path.c_str(), path);
  while (!levels.empty()) {
    detail::throw_if_stopped(stop);
    level& current = levels.back();
    if (const char* name = current.next(); name != nullptr) {
      std::string full = current.path() + '/' + name;
      if (remove_name(current.fd(), name, full)) {
        ++removed;
      } else {
        levels.emplace_back(current.fd(), name, std::move(full));
      }
      continue;
    }
    const std::string emptied = current.path();
    levels.pop_back();
    const int parent = levels.empty() ? AT_FDCWD : levels.back().fd();
    const std::string name =
        levels.empty() ? emptied : emptied.substr(levels.back().path().size() + 1);
    if (detail::sys::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
      detail::throw_error(errno, "remove", emptied);
    }
    ++removed;
  }
  return removed;
}

std::uint64_t remove_all_here(stop_token stop, const std::string& path) {
  return remove_tree_until(path, stop);
}

}  // namespace

std::uint64_t detail::remove_tree(const std::string& path) {
  return remove_tree_until(path, stop_token());
}

task<> fs::mkdir_all(std::string path, unsigned permissions) {
  detail::check_path("mkdir", path);
  co_await to_thread(detail::on_file_lane(), mkdir_all_here, path, permissions);
}

task<std::uint64_t> fs::remove_all(std::string path) {
  detail::check_path("remove", path);
  co_return co_await to_thread(detail::on_file_lane(), remove_all_here, path);
}

}  // namespace lariat::io
