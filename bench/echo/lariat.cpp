// Echo server on lariat: a task for each connection.

#include "listen.hpp"

#include <lariat/io/net/stream_socket.hpp>
#include <lariat/io/net/tcp.hpp>
#include <lariat/runtime/run/run.hpp>
#include <lariat/sched/task/spawn.hpp>

#include <span>
#include <vector>

namespace {

using namespace lariat;

task<> serve(io::tcp_stream peer, std::size_t size) {
  std::vector<std::byte> buffer(size);
  for (;;) {
    const auto got = co_await as_result(peer.read_some(buffer));
    if (got.error || got.value == 0) co_return;
    const auto sent = co_await as_result(peer.write_all(std::span(buffer).first(got.value)));
    if (sent.error) co_return;
  }
}

task<> accept_all(int fd, std::size_t size) {
  io::tcp_listener listener(fd);
  bench::announce(fd);
  for (;;) {
    io::tcp_stream peer = co_await listener.accept();
    spawn(serve, std::move(peer), size).detach();
  }
}

}  // namespace

int main(int argc, char** argv) {
  bench::end_after(bench::option(argc, argv, "lifetime", std::int64_t{120}));
  bench::raise_descriptor_limit();
  const bench::endpoint at(argc, argv);
  const int listener = bench::open_listener(at, 0);
  lariat::run(accept_all(listener, bench::buffer_bytes(argc, argv)));
}
