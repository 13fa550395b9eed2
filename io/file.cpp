#include <lariat/io/file.hpp>

#include <lariat/io/detail/system_calls.hpp>

#include <liburing.h>

#include <fcntl.h>

#include <cerrno>

namespace lariat::io {
namespace {

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

}  // namespace

void file::open_operation::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_openat(&entry, AT_FDCWD, path(), flags_, permissions_);
}

detail::control_op file::sync() const noexcept {
  return {"fsync", detail::control_op::prepare_sync, native_handle()};
}

detail::control_op file::datasync() const noexcept {
  return {"fdatasync",          detail::control_op::prepare_sync, native_handle(), 0, 0,
          IORING_FSYNC_DATASYNC};
}

detail::control_op file::resize(std::uint64_t size) const noexcept {
  return {"ftruncate", detail::control_op::prepare_resize, native_handle(), 0, size};
}

detail::control_op file::allocate(std::uint64_t offset, std::uint64_t length,
                                  allocation how) const noexcept {
  return {"fallocate",     detail::control_op::prepare_allocate,
          native_handle(), offset,
          length,          static_cast<int>(how)};
}

detail::control_op file::advise(std::uint64_t offset, std::uint64_t length,
                                file_advice advice) const noexcept {
  return {"fadvise",       detail::control_op::prepare_advise, native_handle(), offset, length,
          to_posix(advice)};
}

std::uint64_t file::size() const {
  struct stat found;
  if (detail::sys::fstat(native_handle(), found) != 0) {
    detail::throw_error(errno, "fstat",
                        detail::error_object::described(detail::describe_fd(native_handle())));
  }
  return static_cast<std::uint64_t>(found.st_size);
}

}  // namespace lariat::io
