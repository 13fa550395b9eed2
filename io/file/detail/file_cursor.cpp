#include <lariat/io/file/detail/file_cursor.hpp>

#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/io/op/detail/fd_op.hpp>
#include <lariat/io/op/detail/io_driver.hpp>

#include <liburing.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

namespace lariat::io::detail {
namespace {

constexpr unsigned opcode_pipe = 62;      // Linux 6.16, later than liburing 2.3.
constexpr int rwf_nosignal = 0x00000100;  // Linux 6.18, later than the C library's.

// A read that finds nothing fails with another error than one with a flag that is not known.
bool try_nosignal(bool& tried) noexcept {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  tried = fd >= 0;
  if (fd < 0) return false;
  std::uint64_t value = 0;
  const iovec buffer{&value, sizeof value};
  const bool known = ::preadv2(fd, &buffer, 1, -1, rwf_nosignal) < 0 && errno == EAGAIN;
  ::close(fd);
  return known;
}

// Whether a write can say that it wants no SIGPIPE.
bool has_nosignal(io_driver& driver) noexcept {
  if (!driver.supports(opcode_pipe)) return false;  // Too old, or told to be.
  static constinit std::atomic<signed char> known{-1};
  const signed char before = known.load(std::memory_order_relaxed);  // It never changes.
  if (before >= 0) return before != 0;
  bool tried = false;
  const bool found = try_nosignal(tried);
  if (tried) known.store(found ? 1 : 0, std::memory_order_relaxed);
  return found;
}

}  // namespace

file_cursor& file_cursor::operator=(file_cursor&& other) noexcept {
  if (this == &other) return *this;
  give_claims_to(nullptr);
  take(other);
  return *this;
}

// What is under way goes on at the file's new place.
void file_cursor::take(file_cursor& other) noexcept {
  position_ = std::exchange(other.position_, 0);
  kind_ = std::exchange(other.kind_, kind::unknown);
  writes_in_worker_ = other.writes_in_worker_;
  awaits_writer_ = other.awaits_writer_;
  other.give_claims_to(this);
}

void file_cursor::give_claims_to(file_cursor* other) noexcept {
  for (cursor_claim* each = claims_; each != nullptr; each = each->next_) each->of_ = other;
  if (other != nullptr) other->claims_ = claims_;
  claims_ = nullptr;
}

void file_cursor::opened(int fd, int open_flags) noexcept {
  if (sys::lseek(fd, 0, SEEK_CUR) < 0) {
    look(fd);
    struct stat found;
    awaits_writer_ = (open_flags & O_ACCMODE) == O_RDONLY && sys::fstat(fd, found) == 0 &&
                     S_ISFIFO(found.st_mode);
    return;
  }
  kind_ = (open_flags & O_APPEND) != 0 ? kind::append : kind::own;
  writes_in_worker_ = (open_flags & O_ACCMODE) != O_RDONLY && sys::limits_file_size();
}

void file_cursor::look(int fd) noexcept {
  struct stat found;
  if (sys::fstat(fd, found) != 0) return;  // The operation will tell.
  const bool seekable = sys::lseek(fd, 0, SEEK_CUR) >= 0;
  switch (found.st_mode & S_IFMT) {
    case S_IFREG:
    case S_IFBLK:
      if (!seekable) {  // Some of /proc.
        kind_ = kind::device;
        return;
      }
      kind_ = (sys::status_flags(fd) & O_APPEND) != 0 ? kind::append : kind::kernel;
      writes_in_worker_ = sys::limits_file_size();
      return;
    case S_IFCHR:
      kind_ = seekable ? kind::device : kind::stream;
      return;
    case S_IFDIR:
      kind_ = kind::device;
      return;
    default:  // A pipe, a socket, or none of the file system's: an eventfd and its like.
      kind_ = kind::stream;
  }
}

int file_cursor::look_for_offset(int fd) noexcept {
  if (fd >= 0 && kind_ == kind::unknown) look(fd);
  return fd >= 0 && kind_ == kind::stream ? has_no_offsets(fd) : fd;
}

void file_cursor::publish(int fd) noexcept {
  if (fd >= 0) sys::lseek(fd, static_cast<std::int64_t>(position_), SEEK_SET);
  kind_ = kind::unknown;
}

std::int64_t file_cursor::tell(int fd) noexcept {
  if (kind_ == kind::own && fd >= 0) return static_cast<std::int64_t>(position_);
  const std::int64_t at = sys::lseek(fd, 0, SEEK_CUR);
  return at < 0 ? -errno : at;
}

std::int64_t file_cursor::seek(int fd, std::uint64_t offset) noexcept {
  const auto wanted = static_cast<std::int64_t>(offset);
  if (wanted < 0) return -EINVAL;
  if (kind_ == kind::own && fd >= 0) {
    position_ = offset;
    return wanted;
  }
  const std::int64_t at = sys::lseek(fd, wanted, SEEK_SET);
  return at < 0 ? -errno : at;
}

void cursor_claim::take_from_cursor(int fd, std::size_t size) noexcept {
  using kind = file_cursor::kind;
  file_cursor& of = *of_;
  taken_ = true;
  fd_ = fd;
  size_ = size;
  if (of.kind_ == kind::unknown) of.look(fd);
  in_worker_ = of.writes_in_worker_;
  signals_ = of.kind_ == kind::stream;
  begin_ = at_kernels_cursor;
  if (of.kind_ == kind::own) {
    begin_ = of.position_;
    of.position_ += size;
  } else if (of.kind_ == kind::kernel || (of.kind_ == kind::append && !writes_)) {
    std::int64_t end = sys::lseek(fd, static_cast<std::int64_t>(size), SEEK_CUR);
    if (end < 0) {  // Too far for any file: it is moved when it is known how far.
      size_ = 0;
      end = sys::lseek(fd, 0, SEEK_CUR);
    }
    begin_ = static_cast<std::uint64_t>(end) - size_;
  } else if (of.kind_ != kind::append) {
    polls_ = of.awaits_writer_ && !writes_;
    if (!polls_) {
      of_ = nullptr;
      return;
    }
  }
  next_ = std::exchange(of.claims_, this);
}

void cursor_claim::settle_cursor(std::size_t moved) noexcept {
  file_cursor& of = *std::exchange(of_, nullptr);
  cursor_claim** link = &of.claims_;
  while (*link != this) link = &(*link)->next_;
  *link = next_;
  if (moved == size_) return;
  if (begin_ == at_kernels_cursor) {
    // Appended, but not all: the kernel has not moved its cursor behind it.
    if (moved != 0 && writes_) sys::lseek(fd_, 0, SEEK_END);
  } else if (of.tell(fd_) == static_cast<std::int64_t>(begin_ + size_)) {
    of.seek(fd_, begin_ + moved);  // Nobody has claimed what comes behind.
  }
}

bool cursor_claim::prepare_poll(io_uring_sqe& entry) const noexcept {
  if (polls_) ::io_uring_prep_poll_add(&entry, fd_, POLLIN);
  return polls_;
}

void cursor_claim::polled() noexcept {
  polls_ = false;
  if (of_ != nullptr) of_->awaits_writer_ = false;
}

bool cursor_claim::mark(io_uring_sqe& entry, io_driver& driver) noexcept {
  // Signals are blocked in the kernel's workers.
  if (in_worker_) entry.flags |= IOSQE_ASYNC;
  if (!signals_) return false;
  if (has_nosignal(driver)) {
    entry.rw_flags = rwf_nosignal;
    return false;
  }
  if (!std::exchange(marked_, true)) driver.expect_sigpipe(true);
  return true;
}

void cursor_claim::completed(io_driver& driver) noexcept {
  if (std::exchange(marked_, false)) driver.expect_sigpipe(false);
}

}  // namespace lariat::io::detail
