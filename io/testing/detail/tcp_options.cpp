#include <lariat/io/testing/detail/tcp_socket.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

// What tcp_socket makes of setsockopt(2) and getsockopt(2).

namespace lariat::io::testing {

bool* tcp_socket::flag_option(int level, int option) noexcept {
  if (level == SOL_SOCKET && option == SO_REUSEADDR) return &options_.reuse_address;
  if (level == SOL_SOCKET && option == SO_REUSEPORT) return &options_.reuse_port;
  if (level == SOL_SOCKET && option == SO_KEEPALIVE) return &options_.keep_alive;
  if (level == IPPROTO_IPV6 && option == IPV6_V6ONLY) return &options_.only_v6;
  if (level == IPPROTO_TCP && option == TCP_NODELAY) return &options_.no_delay;
  return nullptr;
}

int* tcp_socket::int_option(int level, int option) noexcept {
  if (level != IPPROTO_TCP) return nullptr;
  switch (option) {
    case TCP_KEEPIDLE:
      return &options_.keep_alive_times[0];
    case TCP_KEEPINTVL:
      return &options_.keep_alive_times[1];
    case TCP_KEEPCNT:
      return &options_.keep_alive_times[2];
    default:
      return nullptr;
  }
}

int tcp_socket::set_option(int level, int option, const void* value, socklen_t size) noexcept {
  if (level == SOL_SOCKET && option == SO_LINGER) {
    linger wanted;
    if (size < sizeof wanted) return -EINVAL;
    std::memcpy(&wanted, value, sizeof wanted);
    // Waiting in close(2) for the peer is not simulated.
    if (wanted.l_onoff != 0 && wanted.l_linger != 0) return -EOPNOTSUPP;
    options_.zero_linger = wanted.l_onoff != 0;
    return 0;
  }
  int number = 0;
  if (size < sizeof number) return -EINVAL;
  std::memcpy(&number, value, sizeof number);
  if (bool* const flag = flag_option(level, option)) {
    *flag = number != 0;
  } else if (int* const chosen = int_option(level, option)) {
    if (number < 1) return -EINVAL;
    *chosen = number;
  } else if (level == SOL_SOCKET && (option == SO_SNDBUF || option == SO_RCVBUF)) {
    // Doubled, as the kernel does, and not below its minimum.
    const auto bytes = static_cast<std::size_t>(std::clamp(number, 1152, 1 << 22)) * 2;
    (option == SO_SNDBUF ? options_.send_buffer : options_.receive_buffer) = bytes;
  } else if (level != IPPROTO_IP || option != IP_BIND_ADDRESS_NO_PORT) {
    return -ENOPROTOOPT;
  }
  return 0;
}

int tcp_socket::get_option(int level, int option, void* value, socklen_t* size) noexcept {
  int number = 0;
  if (const bool* const flag = flag_option(level, option)) {
    number = *flag ? 1 : 0;
  } else if (const int* const chosen = int_option(level, option)) {
    number = *chosen;
  } else if (level != SOL_SOCKET) {
    return -ENOPROTOOPT;
  } else if (option == SO_SNDBUF) {
    number = static_cast<int>(options_.send_buffer);
  } else if (option == SO_RCVBUF) {
    number = static_cast<int>(options_.receive_buffer);
  } else if (option == SO_ERROR) {
    number = std::exchange(error_, 0);
  } else if (option == SO_TYPE) {
    number = SOCK_STREAM;
  } else if (option == SO_DOMAIN) {
    number = family_;
  } else {
    return -ENOPROTOOPT;
  }
  if (*size < sizeof number) return -EINVAL;
  std::memcpy(value, &number, sizeof number);
  *size = sizeof number;
  return 0;
}

}  // namespace lariat::io::testing
