#include <lariat/io/net/detail/send_op.hpp>

#include <lariat/io/net/detail/fill_message.hpp>
#include <lariat/io/op/detail/entry_length.hpp>
#include <lariat/io/stream/detail/buffer_list.hpp>

#include <liburing.h>

namespace lariat::io::detail {

void send_op::prepare_entry(io_uring_sqe& entry) noexcept {
  ::io_uring_prep_send(&entry, entry_fd(), from_.data(), entry_length(from_.size()), MSG_NOSIGNAL);
}

void send_all_op::prepare_entry(io_uring_sqe& entry) noexcept {
  // The kernel itself goes on after a short send: this is submitted again very rarely.
  ::io_uring_prep_send(&entry, entry_fd(), from_ + done(), entry_length(size() - done()),
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
    ::io_uring_prep_sendmsg(&entry, entry_fd(), &message_, flags);
    return;
  }
  // The caller's buffers are not changed, so the rest of one that was cut goes alone.
  const const_buffer& cut = from_.front();
  ::io_uring_prep_send(&entry, entry_fd(), static_cast<const std::byte*>(cut.data) + offset_,
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

}  // namespace lariat::io::detail
