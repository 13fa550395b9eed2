#pragma once

#include "../common.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace bench {

/// The address that an echo server's or the client's command line asks for: `--path` is a Unix
/// socket, else `--port` on 127.0.0.1.
struct endpoint {
  sockaddr_storage storage = {};
  socklen_t length = 0;
  std::string path;

  endpoint(int argc, char** argv) : path(option(argc, argv, "path", "")) {
    if (path.empty()) {
      auto* in = reinterpret_cast<sockaddr_in*>(&storage);
      in->sin_family = AF_INET;
      in->sin_port = htons(static_cast<std::uint16_t>(option(argc, argv, "port", std::int64_t{0})));
      in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      length = sizeof *in;
    } else {
      auto* un = reinterpret_cast<sockaddr_un*>(&storage);
      un->sun_family = AF_UNIX;
      std::snprintf(un->sun_path, sizeof un->sun_path, "%s", path.c_str());
      length = sizeof *un;
    }
  }

  bool local() const { return !path.empty(); }
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// A listening socket; accepted ones inherit TCP_NODELAY from it, so no server needs to ask.
inline int open_listener(const endpoint& at, int flags) {
  int fd = check(socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), "socket");
  int one = 1;
  if (at.local()) {
    unlink(at.path.c_str());
  } else {
    check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), "SO_REUSEADDR");
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "TCP_NODELAY");
  }
  check(bind(fd, at.address(), at.length), "bind");
  check(listen(fd, 4096), "listen");
  return fd;
}

/// Tells the harness that connecting works now, and where.
inline void announce(int listener) {
  sockaddr_storage bound = {};
  socklen_t length = sizeof bound;
  check(getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &length), "getsockname");
  int port = 0;
  if (bound.ss_family == AF_INET) port = ntohs(reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
  std::printf("ready port=%d\n", port);
  std::fflush(stdout);
}

/// The read buffer of a server that has one per connection: it does not know what will come, so
/// more than the small messages need.
inline std::size_t buffer_bytes(int argc, char** argv) {
  const std::int64_t size = option(argc, argv, "size", std::int64_t{64});
  return static_cast<std::size_t>(std::max<std::int64_t>(4096, size));
}

inline void raise_descriptor_limit() {
  rlimit limit;
  check(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
  limit.rlim_cur = limit.rlim_max;
  check(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

}  // namespace bench
