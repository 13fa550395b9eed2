#include <lariat/io/net/detail/receive_op.hpp>

#include <lariat/io/net/detail/fill_message.hpp>
#include <lariat/io/op/detail/entry_length.hpp>
#include <lariat/io/stream/detail/buffer_list.hpp>

#include <liburing.h>

namespace lariat::io::detail {

static_assert(receive_op::more_waits == IORING_CQE_F_SOCK_NONEMPTY);

void receive_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_recv(&entry, entry_fd(), into_.data(), entry_length(into_.size()), 0);
  const auto& stream = static_cast<const stream_socket&>(on());
  if (stream.drained_) entry.ioprio |= IORING_RECVSEND_POLL_FIRST;
}

void receive_exactly_op::prepare_entry(io_uring_sqe& entry) noexcept {
  // No MSG_WAITALL: the kernel would go on by itself, and an error that it meets after the first
  // bytes would be lost. It gives the bytes, and the next receive sees an end.
  ::io_uring_prep_recv(&entry, entry_fd(), into_ + done(), entry_length(size() - done()), 0);
}

result<std::size_t> receive_exactly_op::await_result() noexcept {
  result<std::size_t> ended = exact_op::await_result();
  if (!ended.error && ended.value < size()) ended.error = stream_errc::end_of_stream;
  return ended;
}

void receive_exactly_op::throw_end_of_stream() const {
  throw end_of_stream(transferred(), size(), description());
}

receive_vector_op::receive_vector_op(stream_socket& on,
                                     std::span<const mutable_buffer> into) noexcept
    : some_op(on, direction::receive, when_busy::refuse), into_(into) {
  skip_empty(into_);
  if (into_.empty()) preset(0);
}

void receive_vector_op::prepare_entry(io_uring_sqe& entry) noexcept {
  fill_message(message_, into_);
  ::io_uring_prep_recvmsg(&entry, entry_fd(), &message_, 0);
}

}  // namespace lariat::io::detail
