#include <lariat/io/file/detail/file_op.hpp>

#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/io/op/detail/driver_of.hpp>
#include <lariat/io/op/detail/entry_length.hpp>
#include <lariat/io/op/detail/signal_guard.hpp>
#include <lariat/io/stream/detail/buffer_list.hpp>
#include <lariat/io/stream/stream_error.hpp>

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

}  // namespace

read_op::read_op(int fd, std::uint64_t offset, std::span<std::byte> into) noexcept
    : count_op("read", fd), offset_(offset), into_(into) {
  if (into.empty() && fd >= 0) preset(0);
  set_anything_enough();
}

void read_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_read(&entry, fd(), into_.data(), entry_length(into_.size()), offset_);
}

bool claimed_op::completed() noexcept {
  if (claim_.polls() && result_ >= 0) {
    claim_.polled();
    return false;
  }
  claim_.completed(driver_of(owner()));
  return true;
}

void claimed_op::mark(io_uring_sqe& entry) noexcept {
  if (claim_.mark(entry, driver_of(owner()))) set_nothing_enough();
}

read_next_op::read_next_op(int fd, const cursor_claim& claim, std::span<std::byte> into) noexcept
    : claimed_op("read", fd, claim), into_(into) {
  if (fd >= 0 && into.empty()) preset(0);
  set_anything_enough();
}

void read_next_op::prepare_entry(io_uring_sqe& entry) noexcept {
  const unsigned length = entry_length(into_.size());
  claim_.take(fd(), length);
  if (claim_.prepare_poll(entry)) return set_nothing_enough();
  ::io_uring_prep_read(&entry, fd(), into_.data(), length, claim_.offset());
}

write_op::write_op(int fd, const cursor_claim& claim, const_buffer from) noexcept
    : claimed_op("write", fd, claim), from_(from) {
  if (fd >= 0 && from.size == 0) preset(0);
  set_anything_enough();
}

void write_op::prepare_entry(io_uring_sqe& entry) noexcept {
  const unsigned length = entry_length(from_.size);
  claim_.take(fd(), length);
  ::io_uring_prep_write(&entry, fd(), from_.data, length, claim_.offset());
  mark(entry);
}

vectored_op::vectored_op(int fd, const cursor_claim& claim,
                         std::span<const mutable_buffer> into) noexcept
    : claimed_op("readv", fd, claim), buffers_(into.data()), count_(into.size()), writes_(false) {
  if (fd >= 0 && into.empty()) preset(0);
}

vectored_op::vectored_op(int fd, const cursor_claim& claim,
                         std::span<const const_buffer> from) noexcept
    : claimed_op("writev", fd, claim), buffers_(from.data()), count_(from.size()), writes_(true) {
  if (fd >= 0 && from.empty()) preset(0);
}

// The vectored operations hand our buffers to the kernel as they are.
void vectored_op::prepare_entry(io_uring_sqe& entry) noexcept {
  const auto* buffers = static_cast<const iovec*>(buffers_);
  const auto count = static_cast<unsigned>(std::min<std::size_t>(count_, IOV_MAX));
  if (writes_) {
    ::io_uring_prep_writev(&entry, fd(), buffers, count, claim_.offset());
    mark(entry);
  } else {
    ::io_uring_prep_readv(&entry, fd(), buffers, count, claim_.offset());
  }
}

exact_file_op::exact_file_op(const char* name, int fd, const cursor_claim& claim,
                             std::size_t size) noexcept
    : fd_op(name, fd), claim_(claim), size_(size) {
  if (fd >= 0 && size == 0) preset(0);
  set_enough(size);
}

bool exact_file_op::prepare_poll(io_uring_sqe& entry) noexcept {
  if (!claim_.prepare_poll(entry)) return false;
  set_nothing_enough();
  return true;
}

void exact_file_op::mark(io_uring_sqe& entry) noexcept {
  if (claim_.mark(entry, driver_of(owner()))) set_nothing_enough();
}

bool exact_file_op::completed() noexcept {
  if (claim_.polls() && result_ >= 0) {
    claim_.polled();
    result_ = 0;
    set_enough(size_);
    return false;
  }
  claim_.completed(driver_of(owner()));
  if (result_ <= 0) return true;
  done_ += static_cast<std::size_t>(std::exchange(result_, 0));
  set_enough(size_ - done_);
  return done_ == size_;
}

result<std::size_t> exact_file_op::await_result() noexcept {
  const std::size_t moved = settle();
  return {take_error(), moved};
}

void read_exact_op::prepare_entry(io_uring_sqe& entry) noexcept {
  const std::uint64_t offset = next_offset();
  if (prepare_poll(entry)) return;
  ::io_uring_prep_read(&entry, fd(), into_ + done(), entry_length(size() - done()), offset);
}

std::size_t read_exact_op::await_resume() {
  const std::size_t received = settle();
  throw_if_failed();
  if (received != size()) [[unlikely]]
    throw end_of_stream(received, size(), object());
  return received;
}

result<std::size_t> read_exact_op::await_result() noexcept {
  result<std::size_t> ended = exact_file_op::await_result();
  if (!ended.error && ended.value != size()) ended.error = stream_errc::end_of_stream;
  return ended;
}

bool write_exact_op::completed() noexcept {
  if (result_ == 0) result_ = -EIO;  // No kernel does that; going on would never end.
  return exact_file_op::completed();
}

std::size_t write_exact_op::await_resume() {
  const std::size_t written = settle();
  if (result_ < 0 && written != 0 && !was_cancelled()) [[unlikely]] {
    throw incomplete_write(take_error(), written, size(), object());
  }
  throw_if_failed();
  return written;
}

void write_all_op::prepare_entry(io_uring_sqe& entry) noexcept {
  const std::uint64_t offset = next_offset();
  ::io_uring_prep_write(&entry, fd(), static_cast<const std::byte*>(from_) + done(),
                        entry_length(size() - done()), offset);
  mark(entry);
}

writev_all_op::writev_all_op(int fd, const cursor_claim& claim,
                             std::span<const const_buffer> from) noexcept
    : write_exact_op("writev", fd, claim, total_size(from)), from_(from) {}

void writev_all_op::prepare_entry(io_uring_sqe& entry) noexcept {
  const std::uint64_t offset = next_offset();
  // The kernel would take a list that begins with empty ones and stop there.
  while (from_.front().size == begin_) {
    from_ = from_.subspan(1);
    begin_ = 0;
  }
  if (begin_ == 0) {
    const auto count = static_cast<unsigned>(std::min<std::size_t>(from_.size(), IOV_MAX));
    ::io_uring_prep_writev(&entry, fd(), reinterpret_cast<const iovec*>(from_.data()), count,
                           offset);
  } else {
    // The caller's list is not changed, so the rest of a buffer that was cut goes alone.
    const const_buffer& cut = from_.front();
    ::io_uring_prep_write(&entry, fd(), static_cast<const std::byte*>(cut.data) + begin_,
                          entry_length(cut.size - begin_), offset);
  }
  mark(entry);
}

bool writev_all_op::completed() noexcept {
  if (result_ > 0) {
    begin_ += static_cast<std::size_t>(result_);
    while (!from_.empty() && begin_ > from_.front().size) {
      begin_ -= from_.front().size;
      from_ = from_.subspan(1);
    }
  }
  return write_exact_op::completed();
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
  if (driver_of(self.owner()).supports(opcode_ftruncate)) {
    ::io_uring_prep_rw(opcode_ftruncate, &entry, self.fd(), nullptr, 0, self.length_);
    return;
  }
  if (self.done_by_call_ > 0) {  // Not yet.
    const signal_guard guard({SIGXFSZ});
    const int done = sys::ftruncate(self.fd(), self.length_);
    self.done_by_call_ = done == 0 ? 0 : -errno;
  }
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
