#include <lariat/io/testing/detail/open_file.hpp>
#include <lariat/io/testing/detail/pipe.hpp>
#include <lariat/io/testing/detail/simulated_kernel.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

// The simulated kernel's calls on files and paths.

namespace lariat::io::testing {
namespace {

// What an open file's errors are called by: its path at the time.
std::string full_path(const file_tree::place& at) {
  if (at.name.empty() || at.name == "..") return file_tree::path_of(*at.node);
  const std::string above = file_tree::path_of(*at.directory);
  return (above == "/" ? above : above + '/') + at.name;
}

// \param taken It was to be made, and is there.
int may_open(const file_node& node, int flags, bool taken) noexcept {
  if (taken) return -EEXIST;
  if (node.is_directory() && (flags & O_CREAT) != 0) return -EISDIR;
  if (!node.is_directory() && (flags & O_DIRECTORY) != 0) return -ENOTDIR;
  if ((flags & O_PATH) != 0) return 0;
  if (node.is_symlink()) return -ELOOP;
  const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
  return node.is_directory() && writes ? -EISDIR : 0;
}

}  // namespace

node_ptr simulated_kernel::directory(int fd, const char* path, int& error) const noexcept {
  error = 0;
  if (fd == AT_FDCWD || path[0] == '/') return files_.root();
  const auto& found = find(fd);
  open_file* const file = found == nullptr ? nullptr : found->as_file();
  if (found == nullptr) error = -EBADF;
  if (found != nullptr && (file == nullptr || !file->node()->is_directory())) error = -ENOTDIR;
  return error == 0 ? file->node() : nullptr;
}

int simulated_kernel::openat(int dir, const char* path, int flags, unsigned mode) noexcept {
  int error = world_.fault(call_kind::make_descriptor);
  if (error != 0) return error;
  if ((flags & O_PATH) != 0) flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const bool may_make = (flags & O_CREAT) != 0;
  if (may_make && (flags & O_DIRECTORY) != 0) return path[0] == '\0' ? -ENOENT : -EINVAL;
  const node_ptr from = directory(dir, path, error);
  if (error != 0) return error;
  const bool exclusive = may_make && (flags & O_EXCL) != 0;
  const bool stays = (flags & O_NOFOLLOW) != 0 || exclusive;
  using at_end = file_tree::at_end;
  const at_end last = may_make ? (stays ? at_end::make_or_stay : at_end::make_or_follow)
                               : (stays ? at_end::stay : at_end::follow);
  const file_tree::place at = files_.find(from, path, last);
  node_ptr node = at.node;
  const bool makes = may_make && at.error == 0 && node == nullptr;
  if (makes) {
    if (error = files_.make_file(at, mode, node); error != 0) return error;
  } else if (error = at.missing(); error != 0) {
    return error;
  }
  if (error = may_open(*node, flags, exclusive && !makes); error != 0) return error;
  if (node->fifo != nullptr && (flags & O_PATH) == 0) return open_fifo(node, flags);
  const int fd = add_descriptor(std::make_shared<open_file>(files_, node, flags, full_path(at)));
  if (fd >= 0 && (flags & O_TRUNC) != 0 && node->is_regular()) files_.resize(*node, 0);
  return fd;
}

// A ring tries it without waiting. For a reader that is a success, as by O_NONBLOCK; for a writer
// without a reader it is not.
int simulated_kernel::open_fifo(const node_ptr& node, int flags) noexcept {
  if ((flags & O_ACCMODE) == O_ACCMODE) return -EINVAL;
  if ((flags & O_ACCMODE) == O_WRONLY && !node->fifo->has_reader()) return -ENXIO;
  return add_descriptor(std::make_shared<pipe_end>(node->fifo, flags, node));
}

template <class Into>
int simulated_kernel::stat_any(int dir, const char* path, int flags, Into& into) noexcept {
  if (path[0] == '\0' && (flags & AT_EMPTY_PATH) != 0 && dir != AT_FDCWD) {
    const auto& found = find(dir);
    if (found == nullptr) return -EBADF;
    if (const file_node* const node = found->node_in_tree()) {
      files_.describe(*node, into);
    } else {
      const bool pipe = found->as_socket() == nullptr;
      files_.describe(*files_.make_node(pipe ? S_IFIFO | 0600 : S_IFSOCK | 0777), into);
    }
    return 0;
  }
  int error = 0;
  const node_ptr from = directory(dir, path, error);
  if (error != 0) return error;
  const file_tree::place at = files_.find(
      from, path,
      (flags & AT_SYMLINK_NOFOLLOW) == 0 ? file_tree::at_end::follow : file_tree::at_end::stay);
  if (error = at.missing(); error == 0) files_.describe(*at.node, into);
  return error;
}

int simulated_kernel::fstatat(int dir, const char* path, struct stat& into, int flags) noexcept {
  return stat_any(dir, path, flags, into);
}

int simulated_kernel::statx(int dir, const char* path, int flags, struct statx& into) noexcept {
  return stat_any(dir, path, flags, into);
}

int simulated_kernel::unlinkat(int dir, const char* path, int flags) noexcept {
  int error = 0;
  const node_ptr from = directory(dir, path, error);
  return error != 0 ? error : files_.unlink(from, path, (flags & AT_REMOVEDIR) != 0);
}

int simulated_kernel::mkdirat(int dir, const char* path, unsigned mode) noexcept {
  int error = world_.fault(call_kind::make_name);
  if (error != 0) return error;
  const node_ptr from = directory(dir, path, error);
  return error != 0 ? error : files_.make_directory(from, path, mode);
}

int simulated_kernel::renameat(int old_dir, const char* old_path, int new_dir, const char* new_path,
                               unsigned flags) noexcept {
  int error = world_.fault(call_kind::make_name);
  if (error != 0) return error;
  const node_ptr old_from = directory(old_dir, old_path, error);
  if (error != 0) return error;
  const node_ptr new_from = directory(new_dir, new_path, error);
  return error != 0 ? error : files_.rename(old_from, old_path, new_from, new_path, flags);
}

int simulated_kernel::linkat(int old_dir, const char* old_path, int new_dir, const char* new_path,
                             int flags) noexcept {
  int error = world_.fault(call_kind::make_name);
  if (error != 0) return error;
  const node_ptr old_from = directory(old_dir, old_path, error);
  if (error != 0) return error;
  const node_ptr new_from = directory(new_dir, new_path, error);
  if (error != 0) return error;
  return files_.link(old_from, old_path, new_from, new_path, (flags & AT_SYMLINK_FOLLOW) != 0);
}

int simulated_kernel::symlinkat(const char* target, int dir, const char* path) noexcept {
  int error = world_.fault(call_kind::make_name);
  if (error != 0) return error;
  const node_ptr from = directory(dir, path, error);
  return error != 0 ? error : files_.symlink(target, from, path);
}

int simulated_kernel::find_node(const char* path, node_ptr& node) noexcept {
  const file_tree::place at = files_.find(files_.root(), path, file_tree::at_end::follow);
  node = at.node;
  return at.missing();
}

int simulated_kernel::access(const char* path, int mode) noexcept {
  node_ptr node;
  if (const int error = find_node(path, node); error != 0) return error;
  // Everybody is root, and may do all but run what nobody may.
  const bool runnable = node->is_directory() || (node->mode & 0111) != 0;
  return (mode & X_OK) != 0 && !runnable ? -EACCES : 0;
}

int simulated_kernel::truncate(const char* path, std::uint64_t size) noexcept {
  node_ptr node;
  if (const int error = find_node(path, node); error != 0) return error;
  return node->is_directory() ? -EISDIR : files_.resize(*node, size);
}

int simulated_kernel::ftruncate(int fd, std::uint64_t size) noexcept {
  const auto& found = find(fd);
  if (found == nullptr) return -EBADF;
  open_file* const file = found->as_file();
  if (file == nullptr || !file->writable()) return -EINVAL;
  if (static_cast<std::int64_t>(size) < 0) return -EINVAL;
  return files_.resize(*file->node(), size);
}

int simulated_kernel::chmod(const char* path, unsigned mode) noexcept {
  node_ptr node;
  if (const int error = find_node(path, node); error != 0) return error;
  node->mode = (node->mode & S_IFMT) | (mode & 07777);
  return 0;
}

int simulated_kernel::fchmod(int fd, unsigned mode) noexcept {
  const auto& found = find(fd);
  if (found == nullptr) return -EBADF;
  open_file* const file = found->as_file();
  if (file == nullptr) return -EINVAL;
  file->node()->mode = (file->node()->mode & S_IFMT) | (mode & 07777);
  return 0;
}

ssize_t simulated_kernel::readlink(const char* path, char* into, std::size_t size) noexcept {
  const file_tree::place at = files_.find(files_.root(), path, file_tree::at_end::stay);
  if (const int error = at.missing(); error != 0) return error;
  if (!at.node->is_symlink()) return -EINVAL;
  const std::string_view target = at.node->target;
  const std::size_t length = std::min(size, target.size());
  std::memcpy(into, target.data(), length);
  return static_cast<ssize_t>(length);
}

int simulated_kernel::realpath(const char* path, std::string& into) noexcept {
  const file_tree::place at = files_.find(files_.root(), path, file_tree::at_end::follow);
  if (const int error = at.missing(); error != 0) return error;
  into = at.node->is_directory() ? file_tree::path_of(*at.node) : full_path(at);
  return 0;
}

int simulated_kernel::mkdtemp(char* name) noexcept {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  char* const end = name + std::strlen(name);
  if (!std::string_view(name).ends_with("XXXXXX")) return -EINVAL;
  for (;;) {
    for (char* each = end - 6; each != end; ++each) {
      *each = letters[world_.random().below(letters.size())];
    }
    if (const int error = mkdirat(AT_FDCWD, name, 0700); error != -EEXIST) return error;
  }
}

ssize_t simulated_kernel::read(int fd, void* into, std::size_t size) noexcept {
  const auto& found = find(fd);
  if (found == nullptr) return -EBADF;
  if (const int error = world_.fault(call_kind::file_read); error != 0) return error;
  const iovec buffer{into, world_.some_bytes(size)};
  return found->read({&buffer, 1}, ~std::uint64_t{0});
}

ssize_t simulated_kernel::write(int fd, const void* from, std::size_t size) noexcept {
  const auto& found = find(fd);
  if (found == nullptr) return -EBADF;
  if (const int error = world_.fault(call_kind::file_write); error != 0) return error;
  const iovec buffer{const_cast<void*>(from), world_.some_bytes(size)};
  return found->write({&buffer, 1}, ~std::uint64_t{0});
}

std::int64_t simulated_kernel::lseek(int fd, std::int64_t offset, int whence) noexcept {
  const auto& found = find(fd);
  if (found == nullptr) return -EBADF;
  open_file* const file = found->as_file();
  return file == nullptr ? -ESPIPE : file->seek(offset, whence);
}

int simulated_kernel::status_flags(int fd) noexcept {
  const auto& found = find(fd);
  if (found == nullptr) return -EBADF;
  open_file* const file = found->as_file();
  if (file != nullptr) return file->flags();
  if (!found->writable()) return O_RDONLY;
  return found->readable() ? O_RDWR : O_WRONLY;
}

ssize_t simulated_kernel::getdents64(int fd, void* into, std::size_t size) noexcept {
  const auto& found = find(fd);
  if (found == nullptr) return -EBADF;
  open_file* const file = found->as_file();
  if (file == nullptr) return -ENOTDIR;
  return file->read_names({static_cast<std::byte*>(into), size});
}

}  // namespace lariat::io::testing
