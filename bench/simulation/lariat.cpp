// How fast simulations are: short scenarios per second, and the wall time of a virtual hour of an
// echo service.

#include "common.hpp"

#include <lariat/io/net/tcp.hpp>
#include <lariat/runtime/testing.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/time/timer.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <span>
#include <utility>

namespace {

using namespace lariat;

const io::address server_host("10.0.0.2", 80);

task<> echo(io::tcp_stream stream) {
  std::array<std::byte, 256> buffer;
  for (;;) {
    const std::size_t count = co_await stream.read_some(buffer);
    if (count == 0) co_return;
    co_await stream.write_all(std::span(buffer).first(count));
  }
}

task<> serve_one(io::tcp_listener& listener) {
  io::tcp_stream stream = co_await listener.accept();
  co_await echo(std::move(stream));
}

task<> talk(int messages, std::chrono::nanoseconds pause) {
  io::tcp_stream stream = co_await io::tcp_stream::connect(server_host);
  std::array<std::byte, 64> buffer{};
  for (int i = 0; i < messages; ++i) {
    co_await stream.write_all(buffer);
    co_await stream.read_exact(buffer);
    if (pause.count() > 0) co_await sleep_for(pause);
  }
}

// One connection and a message to and fro.
task<> short_scenario(testing::simulation&) {
  io::tcp_listener listener = io::tcp_listener::bind(server_host);
  co_await when_all(serve_one(listener), talk(1, {}));
}

// A message a second from each client.
task<> an_hour(testing::simulation&, int clients) {
  io::tcp_listener listener = io::tcp_listener::bind(server_host);
  const auto body = [&](task_group& group) -> task<> {
    for (int i = 0; i < clients; ++i) {
      group.spawn(serve_one, std::ref(listener)).detach();
      group.spawn(talk, 3600, std::chrono::seconds(1)).detach();
    }
    co_return;
  };
  co_await task_group::with(body);
}

}  // namespace

int main(int argc, char** argv) {
  const auto scenarios = bench::option(argc, argv, "scenarios", std::int64_t{100'000});
  const auto clients = static_cast<int>(bench::option(argc, argv, "clients", std::int64_t{100}));
  const clock_ns begin = monotonic_now();
  testing::explore(static_cast<std::uint64_t>(scenarios), short_scenario);
  const clock_ns middle = monotonic_now();
  testing::explore(1, [&](testing::simulation& world) { return an_hour(world, clients); });
  const clock_ns end = monotonic_now();
  std::printf("library=lariat scenarios_per_s=%.0f hour_s=%.2f\n",
              static_cast<double>(scenarios) * 1e9 / static_cast<double>(middle - begin),
              static_cast<double>(end - middle) / 1e9);
}
