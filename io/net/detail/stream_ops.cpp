#include <lariat/io/net/detail/stream_ops.hpp>

#include <lariat/io/op/detail/entry_length.hpp>
#include <lariat/io/stream/detail/buffer_list.hpp>

#include <liburing.h>
#include <poll.h>
#include <sys/uio.h>

#include <cerrno>
#include <limits>

namespace lariat::io::detail {
namespace {

constexpr std::size_t vector_max = 1024;  // UIO_MAXIOV

template <class Buffer>
void fill_message(msghdr& message, std::span<const Buffer> buffers) noexcept {
  message.msg_iov = reinterpret_cast<iovec*>(const_cast<Buffer*>(buffers.data()));
  message.msg_iovlen = std::min(buffers.size(), vector_max);
}

// Without the empty ones in front: a call that moves nothing would look like the end.
template <class Buffer>
void skip_empty(std::span<const Buffer>& buffers) noexcept {
  while (!buffers.empty() && buffers.front().size == 0) buffers = buffers.subspan(1);
}

}  // namespace

static_assert(receive_op::more_waits == IORING_CQE_F_SOCK_NONEMPTY);

void receive_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_recv(&entry, fd(), into_.data(), entry_length(into_.size()), 0);
  const auto& stream = static_cast<const stream_socket&>(on());
  if (stream.drained_) entry.ioprio |= IORING_RECVSEND_POLL_FIRST;
}

bool exact_op::completed() noexcept {
  if (result_ <= 0) return socket_op::completed();
  // Short: it goes on where this result has left off.
  done_ += static_cast<std::size_t>(result_);
  set_enough(size_ - done_);
  if (on().is_open()) return false;
  result_ = -ECANCELED;
  return true;
}

void receive_exactly_op::prepare_entry(io_uring_sqe& entry) noexcept {
  // No MSG_WAITALL: the kernel would go on by itself, and an error that it meets after the first
  // bytes would be lost. It gives the bytes, and the next receive sees an end.
  ::io_uring_prep_recv(&entry, fd(), into_ + done(), entry_length(size() - done()), 0);
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
  ::io_uring_prep_recvmsg(&entry, fd(), &message_, 0);
}

void send_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_send(&entry, fd(), from_.data(), entry_length(from_.size()), MSG_NOSIGNAL);
}

void send_all_op::prepare_entry(io_uring_sqe& entry) noexcept {
  // The kernel itself goes on after a short send: this is submitted again very rarely.
  ::io_uring_prep_send(&entry, fd(), from_ + done(), entry_length(size() - done()),
                       MSG_NOSIGNAL | MSG_WAITALL);
}

send_vector_op::send_vector_op(stream_socket& on, std::span<const const_buffer> from) noexcept
    : exact_op(on, direction::send, when_busy::queue, total_size(from)), from_(from) {
  skip_empty(from_);
}

void send_vector_op::prepare_entry(io_uring_sqe& entry) noexcept {
  constexpr unsigned flags = MSG_NOSIGNAL | MSG_WAITALL;
  if (offset_ == 0) {
    fill_message(message_, from_);
    ::io_uring_prep_sendmsg(&entry, fd(), &message_, flags);
    return;
  }
  // The caller's buffers are not changed, so the rest of one that was cut goes alone.
  const const_buffer& cut = from_.front();
  ::io_uring_prep_send(&entry, fd(), static_cast<const std::byte*>(cut.data) + offset_,
                       entry_length(cut.size - offset_), flags);
}

bool send_vector_op::completed() noexcept {
  if (result_ > 0) {
    offset_ += static_cast<std::size_t>(result_);
    while (!from_.empty() && offset_ >= from_.front().size) {
      offset_ -= from_.front().size;
      from_ = from_.subspan(1);
    }
  }
  return exact_op::completed();
}

void readable_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_poll_add(&entry, fd(), POLLIN | POLLRDHUP);
}

bool readable_op::completed() noexcept {
  // A close is an event too, but there is nothing to be read.
  if (!on().is_open()) result_ = 0;
  return socket_op::completed();
}

}  // namespace lariat::io::detail
