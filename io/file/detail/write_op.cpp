#include <lariat/io/file/detail/write_op.hpp>

#include <lariat/io/op/detail/entry_length.hpp>
#include <lariat/io/stream/detail/buffer_list.hpp>
#include <lariat/io/stream/stream_error.hpp>

#include <liburing.h>

#include <limits.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace lariat::io::detail {

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

}  // namespace lariat::io::detail
