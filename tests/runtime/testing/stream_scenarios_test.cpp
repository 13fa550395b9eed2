// What streams promise, under every cancel and error, in simulation.

#include "scenarios.hpp"

#include <lariat/io/stream/buffered_reader.hpp>
#include <lariat/io/stream/buffered_writer.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/scope/when_any.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;
using testing::require;
using testing::simulation;

namespace {

std::span<std::byte> bytes_in(std::string& text) { return std::as_writable_bytes(std::span(text)); }

task<> send_all(io::tcp_stream stream, std::string text) {
  co_await stream.write_all(io::bytes_of(text));
  co_await stream.close();
}

// Reads until the end, by reads that are given up again and again.
task<std::string> read_with_timeouts(io::tcp_stream& stream, simulation& world) {
  std::string all;
  std::string buffer(97, '\0');
  for (;;) {
    const auto limit = std::chrono::nanoseconds(world.random(200'000));
    const auto count = co_await try_timeout(limit, stream.read_some(bytes_in(buffer)));
    if (!count.has_value()) continue;
    if (*count == 0) co_return all;
    all.append(buffer, 0, *count);
  }
}

}  // namespace

TEST_CASE("a read that times out loses no byte, whenever that is", "[testing][stream]") {
  const std::string text = long_text(3000);
  testing::explore(seeds(300), [&](simulation& world) -> task<> {
    simulated_pair pair = co_await connect_hosts();
    auto sender = spawn(send_all, std::move(pair.server), text);
    const std::string received = co_await read_with_timeouts(pair.client, world);
    co_await sender;
    require(received == text, "bytes were lost or doubled");
  });
}

TEST_CASE("a read_exact that is cancelled says how much it has taken", "[testing][stream]") {
  const std::string text = long_text(3000);
  testing::explore(seeds(300), [&](simulation& world) -> task<> {
    simulated_pair pair = co_await connect_hosts();
    auto sender = spawn(send_all, std::move(pair.server), text);
    std::string received(text.size(), '\0');
    std::size_t filled = 0;
    while (filled < received.size()) {
      const auto part = [&]() -> task<> {
        const auto thread = bytes_in(received).subspan(filled);
        const auto ended = co_await as_result(pair.client.read_exact(thread));
        filled += ended.value;
      };
      const auto limit = std::chrono::nanoseconds(1 + world.random(300'000));
      (void)co_await try_timeout(limit, part());
    }
    co_await sender;
    require(received == text, "bytes were lost or doubled");
  });
}

TEST_CASE("a buffered_reader that is cancelled anywhere loses no byte", "[testing][stream]") {
  std::string text;
  for (int line = 0; line < 200; ++line) text += "line " + std::to_string(line) + "\r\n";
  testing::explore(seeds(200), [&](simulation& world) -> task<> {
    simulated_pair pair = co_await connect_hosts();
    auto sender = spawn(send_all, std::move(pair.server), text);
    io::buffered_reader reader(pair.client, 64);
    int lines = 0;
    for (bool more = true; more;) {
      const auto read = [&]() -> task<> {
        const auto line = co_await reader.read_line();
        more = line.has_value();
        if (!more) co_return;
        require(*line == "line " + std::to_string(lines), "another line was expected");
        ++lines;
      };
      const auto limit = std::chrono::nanoseconds(1 + world.random(100'000));
      (void)co_await try_timeout(limit, read());
    }
    co_await sender;
    require(lines == 200, "lines were lost");
  });
}

TEST_CASE("writes of several tasks do not mix, though each is short", "[testing][stream]") {
  io::testing::fault_plan narrow;
  narrow.socket_buffer_bytes = 37;
  narrow.short_transfer = 0.5;
  testing::explore(seeds(100), [&](simulation& world) -> task<> {
    world.set_faults(narrow);
    simulated_pair pair = co_await connect_hosts();
    const auto write = [&](char letter) -> task<> {
      const std::string record(100, letter);
      co_await pair.server.write_all(io::bytes_of(record));
    };
    const auto write_vector = [&](char letter) -> task<> {
      const std::string half(50, letter);
      const std::array<io::const_buffer, 2> both{io::const_buffer(io::bytes_of(half)),
                                                 io::const_buffer(io::bytes_of(half))};
      co_await pair.server.writev_all(both);
    };
    const auto read = [&]() -> task<std::string> {
      std::string all(400, '\0');
      co_await pair.client.read_exact(bytes_in(all));
      co_return all;
    };
    auto ended =
        co_await when_all(write('a'), write_vector('b'), write('c'), write_vector('d'), read());
    const std::string all = ended.fifth;
    for (std::size_t at = 0; at < all.size(); at += 100) {
      require(std::string_view(all).substr(at, 100) == std::string(100, all[at]),
              "two writes have mixed");
    }
  });
}

TEST_CASE("a stream goes on after EINTR, and fails at both ends after a reset",
          "[testing][stream]") {
  io::testing::fault_plan rough;
  rough.interrupted = 0.2;
  rough.connection_reset = 0.02;
  const std::string text = long_text(2000);
  int whole = 0;
  int reset = 0;
  testing::explore(seeds(300), [&](simulation& world) -> task<> {
    simulated_pair pair = co_await connect_hosts();
    world.set_faults(rough);
    std::error_code sent;
    const auto send = [&]() -> task<> {
      const auto ended = co_await as_result(pair.server.write_all(io::bytes_of(text)));
      sent = ended.error;
      pair.server = io::tcp_stream();
    };
    std::string received;
    std::error_code ended_by;
    const auto receive = [&]() -> task<> {
      std::string buffer(100, '\0');
      for (;;) {
        const auto got = co_await as_result(pair.client.read_some(bytes_in(buffer)));
        ended_by = got.error;
        if (got.error || got.value == 0) break;
        received.append(buffer, 0, got.value);
      }
    };
    co_await when_all(send(), receive());
    const auto expected = [](std::error_code error) {
      return !error || error == std::errc::connection_reset || error == std::errc::broken_pipe;
    };
    require(expected(sent) && expected(ended_by), "an error that was not asked for");
    require(text.starts_with(received), "other bytes came");
    // Who is told that all was sent, and who sees the end, have seen all of it.
    if (!sent && !ended_by) require(received == text, "the end came too early");
    ++(received == text ? whole : reset);
  });
  CHECK(whole > 20);
  CHECK(reset > 20);
}

TEST_CASE("an accept that times out loses no connection", "[testing][stream]") {
  testing::explore(seeds(300), [&](simulation& world) -> task<> {
    io::tcp_listener listener = io::tcp_listener::bind(server_host);
    const auto client = [](char name) -> task<> {
      io::tcp_stream stream = co_await io::tcp_stream::connect(server_host);
      const std::string text(1, name);
      co_await stream.write_all(io::bytes_of(text));
      std::string answer(1, '\0');
      co_await stream.read_exact(bytes_in(answer));
      require(answer == text, "somebody else's answer");
    };
    std::vector<join_handle<void>> clients;
    for (char name = 'a'; name < 'e'; ++name) clients.push_back(spawn(client, name));
    for (int served = 0; served < 4;) {
      const auto limit = std::chrono::nanoseconds(1 + world.random(100'000));
      auto stream = co_await try_timeout(limit, listener.accept());
      if (!stream.has_value()) continue;
      std::string text(1, '\0');
      co_await stream->read_exact(bytes_in(text));
      co_await stream->write_all(io::bytes_of(text));
      ++served;
    }
    for (auto& each : clients) co_await each;
  });
}

TEST_CASE("a connect that times out leaves nothing behind", "[testing][stream]") {
  int connected = 0;
  int given_up = 0;
  testing::explore(seeds(300), [&](simulation& world) -> task<> {
    io::tcp_listener listener = io::tcp_listener::bind(server_host);
    const auto limit = std::chrono::nanoseconds(1 + world.random(300'000));
    auto stream = co_await try_timeout(limit, io::tcp_stream::connect(server_host));
    ++(stream.has_value() ? connected : given_up);
  });
  CHECK(connected > 20);
  CHECK(given_up > 20);
}

TEST_CASE("a stream may be closed while others use it", "[testing][stream]") {
  testing::explore(seeds(500), [&](simulation& world) -> task<> {
    simulated_pair pair = co_await connect_hosts();
    const auto read = [&]() -> task<> {
      std::string buffer(10, '\0');
      (void)co_await as_result(pair.client.read_some(bytes_in(buffer)));
    };
    const auto write = [&]() -> task<> {
      const std::string text(200'000, 'x');
      (void)co_await as_result(pair.client.write_all(io::bytes_of(text)));
    };
    const auto close = [&]() -> task<> {
      co_await sleep_for(std::chrono::nanoseconds(world.random(500'000)));
      co_await pair.client.close();
    };
    co_await when_all(read(), write(), write(), close(), close());
  });
}

TEST_CASE("streams may be disturbed at each of their points", "[testing][stream]") {
  const std::string text = long_text(300);
  testing::cancel_everywhere(sweep(10), [&](simulation&) -> task<> {
    simulated_pair pair = co_await connect_hosts();
    const auto talk = [&]() -> task<> {
      io::buffered_writer writer(pair.client, 64);
      co_await writer.write(text);
      co_await writer.flush();
      pair.client.shutdown_write();
      co_await pair.client.readable();
      std::string answer(3, '\0');
      std::array<io::mutable_buffer, 1> into{io::mutable_buffer(bytes_in(answer))};
      (void)co_await pair.client.readv_some(into);
    };
    const auto listen = [&]() -> task<> {
      io::buffered_reader reader(pair.server, 1024);
      std::string received(text.size(), '\0');
      co_await reader.read_exact(bytes_in(received));
      require(received == text, "another text came");
      const std::array<io::const_buffer, 1> from{
          io::const_buffer(io::bytes_of(std::string_view("bye")))};
      co_await pair.server.writev_all(from);
    };
    co_await timeout(10s, when_all(talk(), listen()));
    co_await pair.client.close();
    co_await pair.server.close();
  });
}
