#include <lariat/io/file/file.hpp>

#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/io/op/detail/driver_of.hpp>

#include <liburing.h>

#include <fcntl.h>

#include <cerrno>

namespace lariat::io {
namespace {

[[noreturn]] void throw_errno(int error, const char* operation, int fd) {
  detail::throw_error(error, operation, detail::error_object::described(detail::describe_fd(fd)));
}

int to_posix(file_advice advice) noexcept {
  switch (advice) {
    case file_advice::random:
      return POSIX_FADV_RANDOM;
    case file_advice::sequential:
      return POSIX_FADV_SEQUENTIAL;
    case file_advice::will_need:
      return POSIX_FADV_WILLNEED;
    case file_advice::dont_need:
      return POSIX_FADV_DONTNEED;
    case file_advice::no_reuse:
      return POSIX_FADV_NOREUSE;
    case file_advice::normal:
      break;
  }
  return POSIX_FADV_NORMAL;
}

static_assert(static_cast<int>(allocation::keep_size) == FALLOC_FL_KEEP_SIZE &&
              static_cast<int>(allocation::punch_hole) ==
                  (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE) &&
              static_cast<int>(allocation::zero) == FALLOC_FL_ZERO_RANGE);

// Lets the kernel have more worker threads for files, or fewer. What is submitted after this, or
// finds no thread then, gets one.
void add_file_workers(detail::io_driver& driver, int more) noexcept {
  unsigned limits[2] = {0, 0};  // Of workers for files, and for the rest. Zero: as it is.
  constexpr unsigned opcode = IORING_REGISTER_IOWQ_MAX_WORKERS;
  if (driver.register_resource(opcode, limits, 2) < 0) return;
  unsigned wanted[2] = {limits[0] + static_cast<unsigned>(more), 0};
  driver.register_resource(opcode, wanted, 2);
}

}  // namespace

void file::open_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_openat(&entry, AT_FDCWD, path(), flags_, permissions_);
  if (!is_waiting_) return;
  entry.flags |= IOSQE_ASYNC;
  // Such opens must not keep others, and writes, from the workers.
  if (!has_more_workers_) add_file_workers(detail::driver_of(owner()), 1);
  has_more_workers_ = true;
}

// The kernel tries an open with O_NONBLOCK first, and that does not wait for the other end of a
// FIFO: a writer gets ENXIO, and the end is what a reader would read until there is a writer.
bool file::open_op::completed() noexcept {
  if (has_more_workers_) add_file_workers(detail::driver_of(owner()), -1);
  has_more_workers_ = false;
  if (result_ == -ENXIO && (flags_ & O_ACCMODE) == O_WRONLY && !is_waiting_) {
    is_waiting_ = true;
    return false;
  }
  if (result_ >= 0) cursor_.opened(result_, flags_);
  return true;
}

detail::control_op file::sync() const noexcept {
  return {"fsync", detail::control_op::prepare_sync, fd()};
}

detail::control_op file::datasync() const noexcept {
  return {"fdatasync", detail::control_op::prepare_sync, fd(), 0, 0, IORING_FSYNC_DATASYNC};
}

detail::control_op file::resize(std::uint64_t size) const noexcept {
  return {"ftruncate", detail::control_op::prepare_resize, fd(), 0, size};
}

detail::control_op file::allocate(std::uint64_t offset, std::uint64_t length,
                                  allocation how) const noexcept {
  return {"fallocate",          detail::control_op::prepare_allocate, fd(), offset, length,
          static_cast<int>(how)};
}

detail::control_op file::advise(std::uint64_t offset, std::uint64_t length,
                                file_advice advice) const noexcept {
  return {"fadvise", detail::control_op::prepare_advise, fd(), offset, length, to_posix(advice)};
}

std::uint64_t file::position() const {
  const std::int64_t at = cursor_.tell(fd());
  if (at < 0) throw_errno(static_cast<int>(-at), "lseek", fd());
  return static_cast<std::uint64_t>(at);
}

void file::seek(std::uint64_t offset) {
  const std::int64_t at = cursor_.seek(fd(), offset);
  if (at < 0) throw_errno(static_cast<int>(-at), "lseek", fd());
}

std::uint64_t file::size() const {
  struct stat found;
  if (detail::sys::fstat(fd(), found) != 0) throw_errno(errno, "fstat", fd());
  return static_cast<std::uint64_t>(found.st_size);
}

}  // namespace lariat::io
