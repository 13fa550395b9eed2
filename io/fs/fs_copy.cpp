#include <lariat/io/fs/fs_copy.hpp>

#include <lariat/io/fs/detail/file_lane.hpp>
#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/io/op/descriptor.hpp>
#include <lariat/io/op/detail/signal_guard.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>

namespace lariat::io {
namespace {

constexpr std::size_t step = std::size_t{1} << 20;  // Between two looks at the stop token.

constexpr std::uint64_t to_the_end = UINT64_MAX;

class copier {
 public:
  copier(stop_token stop, const std::string& from, const std::string& to)
      : stop_(std::move(stop)), from_path_(from), to_path_(to) {}
  copier(const copier&) = delete;
  ~copier() {
    if (made_ && !done_) detail::sys::unlinkat(AT_FDCWD, to_path_.c_str(), 0);
  }

  std::uint64_t run(bool overwrite) {
    open_source();
    open_target(overwrite);
    const std::uint64_t size = share_blocks() ? source_size_ : copy_content();
    // Not at the creation: the target might not be writable then.
    check(detail::sys::fchmod(to_.native_handle(), permissions_) == 0, "chmod", to_path_);
    close_target();
    done_ = true;
    return size;
  }

 private:
  static void check(bool success, const char* operation, const std::string& path) {
    if (!success) detail::throw_error(errno, operation, path);
  }

  void open_source() {
    from_ = descriptor(detail::sys::open(from_path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    check(from_.is_open(), "open", from_path_);
    check(detail::sys::fstat(from_.native_handle(), source_) == 0, "stat", from_path_);
    if (S_ISDIR(source_.st_mode)) detail::throw_error(EISDIR, "copy", from_path_);
    source_size_ = static_cast<std::uint64_t>(source_.st_size);
    permissions_ = source_.st_mode & 07777;
  }

  void open_target(bool overwrite) {
    constexpr int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
    to_ = descriptor(detail::sys::open(to_path_.c_str(), flags | O_CREAT | O_EXCL, 0600));
    made_ = to_.is_open();
    if (made_) {
      is_regular_ = true;
      return;
    }
    check(overwrite && errno == EEXIST, "open", to_path_);
    to_ = descriptor(detail::sys::open(to_path_.c_str(), flags | O_CREAT, 0600));
    check(to_.is_open(), "open", to_path_);
    struct stat target;
    check(detail::sys::fstat(to_.native_handle(), target) == 0, "stat", to_path_);
    if (target.st_dev == source_.st_dev && target.st_ino == source_.st_ino) {
      detail::throw_error(EINVAL, "copy", detail::error_object(from_path_, "itself"));
    }
    is_regular_ = S_ISREG(target.st_mode);
    if (is_regular_) {
      check(detail::sys::ftruncate(to_.native_handle(), 0) == 0, "truncate", to_path_);
    }
  }

  bool share_blocks() noexcept {
    return detail::sys::clone_file(to_.native_handle(), from_.native_handle()) == 0;
  }

  std::uint64_t copy_content() {
    if (may_have_holes() && copy_between_holes()) return source_size_;
    // A file of /proc claims to be empty, and copy_file_range believes it.
    const std::uint64_t copied = source_size_ == 0 ? 0 : copy_in_kernel(to_the_end);
    return copied + copy_through_memory(to_the_end);
  }

  // Those that have none, or few of them, are copied without looking: less than a block in a
  // hundred is not worth it.
  bool may_have_holes() const noexcept {
    return S_ISREG(source_.st_mode) && is_regular_ &&
           static_cast<std::uint64_t>(source_.st_blocks) * 512 < source_size_ - source_size_ / 100;
  }

  // Copies what is between the holes, to a target that has nothing else. False if the file system
  // does not know of holes; then nothing has been copied.
  bool copy_between_holes() {
    const int from = from_.native_handle();
    const int to = to_.native_handle();
    const auto size = static_cast<std::int64_t>(source_size_);
    for (std::int64_t at = 0; at < size;) {
      const std::int64_t data = detail::sys::lseek(from, at, SEEK_DATA);
      if (data < 0 && errno == ENXIO) break;  // A hole to the end.
      const std::int64_t end = data < 0 ? -1 : detail::sys::lseek(from, data, SEEK_HOLE);
      check(end > data || at == 0, "seek", from_path_);
      if (data >= size) break;  // It has grown since.
      if (end <= data) return detail::sys::lseek(from, 0, SEEK_SET) != 0;
      const std::uint64_t length = static_cast<std::uint64_t>(std::min(end, size) - data);
      check(detail::sys::lseek(from, data, SEEK_SET) == data, "seek", from_path_);
      check(detail::sys::lseek(to, data, SEEK_SET) == data, "seek", to_path_);
      copy_through_memory(length - copy_in_kernel(length));
      at = end;
    }
    check(detail::sys::ftruncate(to, source_size_) == 0, "truncate", to_path_);
    return true;
  }

  // Until so much is copied, or the end, or until the kernel says that it cannot between these two.
  std::uint64_t copy_in_kernel(std::uint64_t most) {
    if (!kernel_copies_) return 0;
    for (std::uint64_t copied = 0;;) {
      detail::throw_if_stopped(stop_);
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(step, most - copied));
      if (wanted == 0) return copied;
      const ssize_t count =
          detail::sys::copy_file_range(from_.native_handle(), to_.native_handle(), wanted);
      if (count == 0) return copied;
      if (count > 0) {
        copied += static_cast<std::uint64_t>(count);
      } else if (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP ||
                 errno == EBADF || errno == EPERM) {
        kernel_copies_ = false;
        return copied;  // The rest by reading and writing, which also tells real errors.
      } else if (errno != EINTR) {
        detail::throw_error(errno, "copy", {from_path_, to_path_});
      }
    }
  }

  std::uint64_t copy_through_memory(std::uint64_t most) {
    if (most == 0) return 0;
    if (buffer_ == nullptr) buffer_ = std::make_unique_for_overwrite<char[]>(step);
    for (std::uint64_t copied = 0;;) {
      detail::throw_if_stopped(stop_);
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(step, most - copied));
      const ssize_t count = detail::sys::read(from_.native_handle(), buffer_.get(), wanted);
      if (count < 0 && errno == EINTR) continue;
      check(count >= 0, "read", from_path_);
      if (count == 0) return copied;
      write_all(buffer_.get(), static_cast<std::size_t>(count));
      copied += static_cast<std::uint64_t>(count);
    }
  }

  void write_all(const char* data, std::size_t size) {
    while (size > 0) {
      const ssize_t count = detail::sys::write(to_.native_handle(), data, size);
      if (count < 0 && errno == EINTR) continue;
      check(count >= 0, "write", to_path_);
      data += count;
      size -= static_cast<std::size_t>(count);
    }
  }

  void close_target() {
    const int fd = to_.release();
    check(detail::sys::close(fd) == 0 || errno == EINTR, "close", to_path_);
  }

  stop_token stop_;
  const std::string& from_path_;
  const std::string& to_path_;
  descriptor from_;
  descriptor to_;
  struct stat source_ {};
  std::uint64_t source_size_ = 0;
  mode_t permissions_ = 0;
  std::unique_ptr<char[]> buffer_;
  bool kernel_copies_ = true;
  bool is_regular_ = false;  // The target.
  bool made_ = false;
  bool done_ = false;
};

std::uint64_t copy_here(stop_token stop, const std::string& from, const std::string& to,
                        bool overwrite) {
  const detail::signal_guard guard({SIGPIPE, SIGXFSZ});
  return copier(std::move(stop), from, to).run(overwrite);
}

}  // namespace

task<std::uint64_t> fs::copy(std::string from, std::string to, copy_options options) {
  detail::check_path("copy", from);
  detail::check_path("copy", to);
  co_return co_await to_thread(detail::on_file_lane(), copy_here, from, to, options.overwrite);
}

}  // namespace lariat::io
