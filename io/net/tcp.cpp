#include <lariat/io/net/tcp.hpp>

#include <lariat/io/kernel/detail/system_calls.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

namespace lariat::io {
namespace {

address peer_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  if (detail::sys::getpeername(fd, name, &size) != 0) {
    detail::throw_error(errno, "getpeername",
                        detail::error_object::described("fd " + std::to_string(fd)));
  }
  return address::from_sockaddr(name, size).value_or(address());
}

}  // namespace

tcp_stream::tcp_stream(int fd) : stream_socket(fd) { set_name(peer_of(fd)); }

void tcp_stream::set_no_delay(bool on) {
  set_option(IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0, "set TCP_NODELAY");
}

bool tcp_stream::no_delay() const {
  return option(IPPROTO_TCP, TCP_NODELAY, "get TCP_NODELAY") != 0;
}

void tcp_stream::set_keep_alive(const keep_alive_times& times) {
  const char* const what = "set keep-alive times";
  set_option(IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(times.idle.count()), what);
  set_option(IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(times.interval.count()), what);
  set_option(IPPROTO_TCP, TCP_KEEPCNT, times.probes, what);
  set_keep_alive(true);
}

void tcp_stream::set_keep_alive(bool on) {
  set_option(SOL_SOCKET, SO_KEEPALIVE, on ? 1 : 0, "set SO_KEEPALIVE");
}

bool tcp_stream::keep_alive() const {
  return option(SOL_SOCKET, SO_KEEPALIVE, "get SO_KEEPALIVE") != 0;
}

void tcp_stream::set_zero_linger() {
  const linger zero{1, 0};
  if (detail::sys::setsockopt(native_handle(), SOL_SOCKET, SO_LINGER, &zero, sizeof zero) != 0) {
    detail::throw_error(errno, "set SO_LINGER", detail::error_object::described(description()));
  }
}

tcp_listener::tcp_listener(int fd) : socket(fd) { set_name(local_address()); }

tcp_listener tcp_listener::bind(const address& where, const listen_options& options) {
  const int family = where.is_v4() ? AF_INET : AF_INET6;
  const int fd = detail::sys::socket(family, SOCK_STREAM | SOCK_CLOEXEC);
  if (fd < 0) detail::throw_error(errno, "socket for", where.to_string());
  tcp_listener listener(fd, where);
  const char* const what = "set options for";
  if (options.reuse_address) listener.set_option(SOL_SOCKET, SO_REUSEADDR, 1, what);
  if (options.reuse_port) listener.set_option(SOL_SOCKET, SO_REUSEPORT, 1, what);
  if (where.is_v6()) {
    listener.set_option(IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0, what);
  }
  // Accepted sockets inherit it, which saves a system call for each.
  if (options.no_delay) listener.set_option(IPPROTO_TCP, TCP_NODELAY, 1, what);
  if (detail::sys::bind(fd, where.data(), where.size()) != 0) {
    detail::throw_error(errno, "bind", where.to_string());
  }
  if (detail::sys::listen(fd, options.backlog) != 0) {
    detail::throw_error(errno, "listen", where.to_string());
  }
  if (where.port() == 0) listener.set_name(listener.local_address());
  return listener;
}

}  // namespace lariat::io
