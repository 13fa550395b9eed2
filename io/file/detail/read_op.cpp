#include <lariat/io/file/detail/read_op.hpp>

#include <lariat/io/op/detail/entry_length.hpp>
#include <lariat/io/stream/stream_error.hpp>

#include <liburing.h>

namespace lariat::io::detail {

read_op::read_op(int fd, std::uint64_t offset, std::span<std::byte> into) noexcept
    : count_op("read", fd), offset_(offset), into_(into) {
  if (into.empty() && fd >= 0) preset(0);
  set_anything_enough();
}

void read_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_read(&entry, fd(), into_.data(), entry_length(into_.size()), offset_);
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

}  // namespace lariat::io::detail
