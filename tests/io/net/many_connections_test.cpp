// Ten thousand connections at a time, from a client in a process of its own.

#include <lariat/io/net/tcp.hpp>

#include "coroutine_test.hpp"

#include <lariat/sched/scope/task_group.hpp>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

using namespace lariat;

namespace {

constexpr int connections = 10'000;
constexpr rlim_t descriptors = connections + 100;
constexpr unsigned patience_seconds = 120;

using message = std::array<char, 64>;

message message_of(int number) {
  message made{};
  const std::string text = "connection " + std::to_string(number);
  std::memcpy(made.data(), text.data(), text.size());
  return made;
}

bool raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= descriptors) return true;
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < descriptors) return false;
  limit.rlim_cur = descriptors;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

// What the client ends with.
enum outcome : int { all_echoed = 0, no_socket, not_connected, not_written, not_echoed };

// Plain blocking sockets: connects all, writes to all, then reads from all.
outcome run_client(const io::address& server) {
  std::array<int, connections> sockets{};
  for (int i = 0; i < connections; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return no_socket;
    sockets[i] = fd;
    // Resets at the end, so that no port is left in TIME_WAIT.
    const linger reset{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (::connect(fd, server.data(), server.size()) != 0) return not_connected;
  }
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < connections; ++i) {
      const message sent = message_of(round + i);
      if (::send(sockets[i], sent.data(), sent.size(), MSG_NOSIGNAL) != ssize_t{sent.size()}) {
        return not_written;
      }
    }
    for (int i = 0; i < connections; ++i) {
      message received{};
      const ssize_t count = ::recv(sockets[i], received.data(), received.size(), MSG_WAITALL);
      if (count != ssize_t{received.size()} || received != message_of(round + i)) {
        return not_echoed;
      }
    }
  }
  return all_echoed;
}

task<> echo(io::tcp_stream peer, int& served) {
  std::array<std::byte, sizeof(message)> buffer;
  for (;;) {
    const auto read = co_await as_result(peer.read_some(buffer));
    if (read.error || read.value == 0) break;
    const auto written = co_await as_result(peer.write_all(std::span(buffer).first(read.value)));
    if (written.error) break;
  }
  ++served;
}

}  // namespace

TEST_CASE("ten thousand connections are echoed at a time", "[io][tcp]") {
  if (!raise_descriptor_limit()) {
    WARN("skipped: RLIMIT_NOFILE is less than " << descriptors);
    return;
  }
  io::tcp_listener listener = io::tcp_listener::bind(io::address::loopback_v4());
  const io::address where = listener.local_address();

  const pid_t client = ::fork();
  REQUIRE(client >= 0);
  if (client == 0) {
    ::close(listener.native_handle());
    ::alarm(patience_seconds);
    ::_exit(run_client(where));
  }
  int served = 0;
  run_on_fresh_loop([&]() -> task<> {
    const auto accept_all = [&](task_group& group) -> task<> {
      for (int i = 0; i < connections; ++i) {
        io::tcp_stream peer = co_await listener.accept();
        group.spawn(echo, std::move(peer), std::ref(served)).detach();
      }
    };
    co_await task_group::with(accept_all);
    co_await listener.close();
  });
  int status = 0;
  REQUIRE(::waitpid(client, &status, 0) == client);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == all_echoed);
  CHECK(served == connections);
}
