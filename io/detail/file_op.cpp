#include <lariat/io/detail/file_op.hpp>

#include <lariat/io/detail/system_calls.hpp>
#include <lariat/io/stream_error.hpp>
#include <lariat/sched/loop.hpp>

#include <liburing.h>

#include <fcntl.h>
#include <limits.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>

namespace lariat::io::detail {
namespace {

constexpr unsigned opcode_ftruncate = 55;  // Linux 6.9, later than liburing 2.3.

// What one entry can transfer: the kernel's limit, and whole pages for O_DIRECT.
unsigned entry_length(std::size_t bytes) noexcept {
  return static_cast<unsigned>(std::min<std::size_t>(bytes, 0x7ffff000));
}

std::uint64_t advanced(std::uint64_t offset, std::size_t done) noexcept {
  return offset == at_cursor ? at_cursor : offset + done;  // The cursor moves by itself.
}

// The vectored operations hand our buffers to the kernel as they are.
template <class Buffer>
constexpr bool is_iovec =
    sizeof(Buffer) == sizeof(iovec) && offsetof(Buffer, data) == offsetof(iovec, iov_base) &&
    offsetof(Buffer, size) == offsetof(iovec, iov_len);
static_assert(is_iovec<const_buffer> && is_iovec<mutable_buffer>);

}  // namespace

read_op::read_op(int fd, std::uint64_t offset, std::span<std::byte> into) noexcept
    : count_op("read", fd), offset_(offset), into_(into) {
  if (fd >= 0 && into.empty()) preset(0);
  set_anything_enough();
}

void read_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_read(&entry, fd(), into_.data(), entry_length(into_.size()), offset_);
}

read_exact_op::read_exact_op(int fd, std::uint64_t offset, std::span<std::byte> into) noexcept
    : status_op("read", fd), offset_(offset), into_(into) {
  if (fd >= 0 && into.empty()) preset(0);
  set_enough(into.size());
}

void read_exact_op::prepare_entry(io_uring_sqe& entry) noexcept {
  const std::span<std::byte> rest = into_.subspan(done_);
  ::io_uring_prep_read(&entry, fd(), rest.data(), entry_length(rest.size()),
                       advanced(offset_, done_));
}

bool read_exact_op::completed() noexcept {
  if (result_ <= 0) return true;
  done_ += static_cast<std::size_t>(result_);
  set_enough(into_.size() - done_);
  return false;
}

void read_exact_op::await_resume() const {
  throw_if_failed();
  if (ended_early()) [[unlikely]]
    throw end_of_stream(done_, into_.size(), object());
}

result<void> read_exact_op::await_result() const noexcept {
  if (ended_early()) return {stream_errc::end_of_stream};
  return {take_error()};
}

write_op::write_op(int fd, std::uint64_t offset, std::span<const std::byte> from) noexcept
    : count_op("write", fd), offset_(offset), from_(from) {
  if (fd >= 0 && from.empty()) preset(0);
  set_anything_enough();
}

void write_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_write(&entry, fd(), from_.data(), entry_length(from_.size()), offset_);
}

write_all_op::write_all_op(int fd, std::uint64_t offset, std::span<const std::byte> from) noexcept
    : status_op("write", fd), offset_(offset), from_(from) {
  if (fd >= 0 && from.empty()) preset(0);
  set_enough(from.size());
}

void write_all_op::prepare_entry(io_uring_sqe& entry) noexcept {
  const std::span<const std::byte> rest = from_.subspan(done_);
  ::io_uring_prep_write(&entry, fd(), rest.data(), entry_length(rest.size()),
                        advanced(offset_, done_));
}

bool write_all_op::completed() noexcept {
  if (result_ < 0) return true;
  if (result_ == 0) {  // No kernel does that for a regular file; going on would never end.
    result_ = -EIO;
    return true;
  }
  done_ += static_cast<std::size_t>(result_);
  set_enough(from_.size() - done_);
  return false;
}

vectored_op::vectored_op(int fd, std::uint64_t offset,
                         std::span<const mutable_buffer> into) noexcept
    : count_op("readv", fd),
      offset_(offset),
      buffers_(into.data()),
      count_(into.size()),
      writes_(false) {
  if (fd >= 0 && into.empty()) preset(0);
}

vectored_op::vectored_op(int fd, std::uint64_t offset, std::span<const const_buffer> from) noexcept
    : count_op("writev", fd),
      offset_(offset),
      buffers_(from.data()),
      count_(from.size()),
      writes_(true) {
  if (fd >= 0 && from.empty()) preset(0);
}

void vectored_op::prepare_entry(io_uring_sqe& entry) noexcept {
  const auto* buffers = static_cast<const iovec*>(buffers_);
  const auto count = static_cast<unsigned>(std::min<std::size_t>(count_, IOV_MAX));
  if (writes_) {
    ::io_uring_prep_writev(&entry, fd(), buffers, count, offset_);
  } else {
    ::io_uring_prep_readv(&entry, fd(), buffers, count, offset_);
  }
}

void control_op::prepare_sync(control_op& self, io_uring_sqe& entry) noexcept {
  ::io_uring_prep_fsync(&entry, self.fd(), static_cast<unsigned>(self.flags_));
}

void control_op::prepare_allocate(control_op& self, io_uring_sqe& entry) noexcept {
  ::io_uring_prep_fallocate(&entry, self.fd(), self.flags_, static_cast<off_t>(self.offset_),
                            static_cast<off_t>(self.length_));
}

void control_op::prepare_advise(control_op& self, io_uring_sqe& entry) noexcept {
  // The entry has 32 bits for the length; zero means to the end of the file.
  const bool fits = self.length_ <= UINT_MAX;
  ::io_uring_prep_fadvise(&entry, self.fd(), self.offset_,
                          fits ? static_cast<off_t>(self.length_) : 0, self.flags_);
}

void control_op::prepare_resize(control_op& self, io_uring_sqe& entry) noexcept {
  if (static_cast<io_driver&>(self.owner().driver()).supports(opcode_ftruncate)) {
    ::io_uring_prep_rw(opcode_ftruncate, &entry, self.fd(), nullptr, 0, self.length_);
    return;
  }
  const int done = sys::ftruncate(self.fd(), self.length_);
  self.done_by_call_ = done == 0 ? 0 : -errno;
  ::io_uring_prep_nop(&entry);
}

bool control_op::completed() noexcept {
  if (done_by_call_ <= 0) result_ = done_by_call_;
  return true;
}

void fd_stat_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_statx(&entry, fd(), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME,
                        buffer_.kernel_view());
}

}  // namespace lariat::io::detail
