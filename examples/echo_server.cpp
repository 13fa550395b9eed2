// Sends back what it gets, to any number of clients at once, until ctrl-C.
//
//   echo_server [ADDRESS:PORT]     127.0.0.1:7000 unless told otherwise; port 0 picks a free one

#include <lariat/io/net/tcp.hpp>
#include <lariat/lariat.hpp>

#include <array>
#include <cstdio>
#include <system_error>
#include <utility>

using namespace lariat;

task<> echo(io::tcp_stream peer) {
  try {
    std::array<std::byte, 4096> buffer;
    for (;;) {
      const std::size_t count = co_await peer.read_some(buffer);
      if (count == 0) co_return;
      co_await peer.write_all(std::span(buffer).first(count));
    }
  } catch (const std::system_error& error) {
    std::fprintf(stderr, "echo_server: %s\n", error.what());  // That client's trouble only.
  }
}

task<> serve(const char* where) {
  io::tcp_listener listener = io::tcp_listener::bind(io::address::parse(where));
  std::printf("listening on %s\n", listener.local_address().to_string().c_str());
  std::fflush(stdout);
  co_await task_group::with([&](task_group& clients) -> task<> {
    for (;;) {
      io::tcp_stream peer = co_await listener.accept();
      clients.spawn(echo, std::move(peer));
    }
  });
}

int main(int argc, char** argv) { return run_main(serve, argc > 1 ? argv[1] : "127.0.0.1:7000"); }
