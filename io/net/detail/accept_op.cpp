#include <lariat/io/net/detail/accept_op.hpp>

#include <liburing.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace lariat::io {

void accept_op::prepare_entry(io_uring_sqe& entry) noexcept {
  if (pausing_) {
    pause_ = {0, std::int64_t{delay_ms_} * 1'000'000};
    auto* const time = reinterpret_cast<__kernel_timespec*>(&pause_);
    static_assert(sizeof(timespec64) == sizeof(__kernel_timespec));
    ::io_uring_prep_timeout(&entry, time, 0, 0);
    return;
  }
  peer_size_ = sizeof peer_;
  ::io_uring_prep_accept(&entry, entry_fd(), reinterpret_cast<sockaddr*>(peer_.data()), &peer_size_,
                         SOCK_CLOEXEC);
}

// An error that says nothing about the listener does not end the operation: see accept(2).
bool accept_op::completed() noexcept {
  if (result_ >= 0) return true;
  if (!on().is_open()) return socket_op::completed();
  if (std::exchange(pausing_, false)) return result_ != -ETIME;
  switch (-result_) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      pausing_ = true;
      delay_ms_ = std::clamp(2 * delay_ms_, 1, 100);
      return false;
    // The connection is gone, or its network had an error.
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
      return false;
    default:
      return socket_op::completed();
  }
}

tcp_stream accept_op::take() noexcept {
  const auto* const peer = reinterpret_cast<const sockaddr*>(peer_.data());
  return tcp_stream(result_, address::from_sockaddr(peer, peer_size_).value_or(address()));
}

result<tcp_stream> accept_op::await_result() noexcept {
  leave();
  if (result_ < 0) return {take_error(), tcp_stream()};
  return {std::error_code(), take()};
}

}  // namespace lariat::io
