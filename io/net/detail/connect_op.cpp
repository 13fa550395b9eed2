#include <lariat/io/net/detail/connect_op.hpp>

#include <lariat/io/kernel/detail/system_calls.hpp>

#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <optional>
#include <utility>

namespace lariat::io {
namespace {

int set_flag(int fd, int level, int option) noexcept {
  const int on = 1;
  return detail::sys::setsockopt(fd, level, option, &on, sizeof on) == 0 ? 0 : errno;
}

}  // namespace

// The system calls before the one that waits. A failure becomes the operation's result.
void connect_op::open() noexcept {
  if (const int error = open_socket(); error != 0) preset_error(error);
}

int connect_op::open_socket() noexcept {
  const int family = peer_.is_v4() ? AF_INET : AF_INET6;
  fd_ = detail::sys::socket(family, SOCK_STREAM | SOCK_CLOEXEC);
  if (fd_ >= 0) return set_up();
  step_ = "socket for";
  return errno;
}

int connect_op::set_up() noexcept {
  step_ = "set options for";
  if (options_.no_delay) {
    if (const int error = set_flag(fd_, IPPROTO_TCP, TCP_NODELAY); error != 0) return error;
  }
  if (options_.keep_alive) {
    if (const int error = set_flag(fd_, SOL_SOCKET, SO_KEEPALIVE); error != 0) return error;
  }
  if (options_.local.has_value()) {
    step_ = "bind for";
    // Lets the kernel choose a port for this peer, not one that is free for all peers.
    if (options_.local->port() == 0) set_flag(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    if (detail::sys::bind(fd_, options_.local->data(), options_.local->size()) != 0) return errno;
  }
  step_ = "connect";
  return 0;
}

void connect_op::prepare_entry(io_uring_sqe& entry) noexcept {
  assert(fd_ >= 0 && "a connect without a socket ends before it has an entry");
  ::io_uring_prep_connect(&entry, fd_, peer_.data(), peer_.size());
}

// Where nobody listens on a port of this host, the kernel may choose that very port for this end:
// then the two ends are one socket, which hears its own words, and keeps the port from its server.
// As if the connection was refused, as it mostly is; but another port may be another answer.
bool connect_op::completed() noexcept {
  // The try before was interrupted, and went on.
  if (was_repeated() && result_ == -EISCONN) result_ = 0;
  if (result_ < 0 || !connected_to_itself()) return true;
  const linger reset{1, 0};  // Or the port is kept from the server for a minute more.
  detail::sys::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  detail::sys::close(std::exchange(fd_, -1));
  if (++self_connects_ == self_connects_max) {
    result_ = -ECONNREFUSED;
    return true;
  }
  if (const int error = open_socket(); error != 0) {
    result_ = -error;
    return true;
  }
  return false;
}

bool connect_op::connected_to_itself() const noexcept {
  if (options_.local.has_value() && options_.local->port() != 0) return false;  // As was asked for.
  const auto name_by = [this](auto get) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    auto* const name = reinterpret_cast<sockaddr*>(&storage);
    return get(fd_, name, &size) == 0 ? address::from_sockaddr(name, size) : std::nullopt;
  };
  const auto own = name_by(&detail::sys::getsockname);
  // Mostly that is all: the peer's name is asked for as one may connect to 0.0.0.0.
  if (!own.has_value() || own->port() != peer_.port()) return false;
  return own == name_by(&detail::sys::getpeername);
}

tcp_stream connect_op::take() noexcept {
  const int fd = std::exchange(fd_, -1);
  if (result_ >= 0) return tcp_stream(fd, peer_);
  if (fd >= 0) detail::sys::close(fd);
  return tcp_stream();
}

tcp_stream connect_op::await_resume() {
  tcp_stream stream = take();
  if (result_ < 0) [[unlikely]] {
    throw_if_cancelled();
    detail::throw_error(-result_, step_, peer_.to_string());
  }
  return stream;
}

result<tcp_stream> connect_op::await_result() noexcept {
  tcp_stream stream = take();
  return {take_error(), std::move(stream)};
}

}  // namespace lariat::io
