// A connect to a port of this host on which nobody listens may meet itself: the kernel chooses that
// very port for the connecting end.

#include "child_process.hpp"
#include "coroutine_test.hpp"

#include <lariat/io/net/tcp.hpp>
#include <lariat/runtime/run/run.hpp>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <system_error>

using namespace lariat;

namespace {

constexpr int skipped = 77;

// A network of its own for this process, in which the kernel has but two ports to choose from.
bool have_two_ports() {
  if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  const bool up = fd >= 0 && ::ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  ::close(fd);
  std::FILE* const range = std::fopen("/proc/sys/net/ipv4/ip_local_port_range", "w");
  if (!up || range == nullptr) return false;
  std::fputs("40000 40001", range);
  return std::fclose(range) == 0;
}

task<int> connect_to_nobody() {
  for (const char* const host : {"127.0.0.1", "0.0.0.0"}) {
    for (const std::uint16_t port : {40000, 40001}) {
      std::error_code error;
      try {
        io::tcp_stream stream = co_await io::tcp_stream::connect({host, port});
      } catch (const std::system_error& refusal) {
        error = refusal.code();
      }
      if (error != std::errc::connection_refused) co_return 1;
      // Nothing is left there: a server may have the port.
      io::tcp_listener listener = io::tcp_listener::bind({"127.0.0.1", port});
      co_await listener.close();
    }
  }
  co_return 0;
}

task<int> connect_to_oneself() {
  const io::address here("127.0.0.1", 40000);
  io::connect_options options;
  options.local = here;
  io::tcp_stream stream = co_await io::tcp_stream::connect(here, options);
  co_return stream.peer_address() == here&& stream.local_address() == here ? 0 : 1;
}

template <class Body>
void in_a_small_network(Body body) {
  child_process child([&] { return have_two_ports() ? run(body()) : skipped; });
  if (child.status() == skipped) {
    WARN("no network namespace to be had");
    return;
  }
  INFO(child.output());
  CHECK(child.status() == 0);
}

}  // namespace

TEST_CASE("a connection of a socket with itself is refused", "[io][tcp]") {
  in_a_small_network(connect_to_nobody);
}

TEST_CASE("who asks for a connection with itself gets it", "[io][tcp]") {
  in_a_small_network(connect_to_oneself);
}
