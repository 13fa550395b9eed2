#include <lariat/io/net/stream_socket.hpp>

#include "coroutine_test.hpp"
#include "io/connected.hpp"
#include "io/pattern.hpp"

#include <lariat/sched/time/timer.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;
using namespace std::chrono_literals;

namespace {

std::atomic<int> pipe_signals{0};

// Counts SIGPIPE, which would end the program.
class pipe_signal_count {
 public:
  pipe_signal_count() {
    pipe_signals = 0;
    before_ = std::signal(SIGPIPE, [](int) { ++pipe_signals; });
  }
  ~pipe_signal_count() { std::signal(SIGPIPE, before_); }

 private:
  void (*before_)(int);
};

}  // namespace

COROUTINE_TEST_CASE("what is written on one end is read on the other", "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  const std::size_t written = co_await pair.client.write_all(io::bytes_of("hello"));
  CHECK(written == 5);
  std::array<std::byte, 100> buffer;
  const std::size_t count = co_await pair.server.read_some(buffer);
  CHECK(io::text_of(std::span(buffer).first(count)) == "hello");

  const std::size_t some = co_await pair.server.write_some(io::bytes_of("world"));
  CHECK(some == 5);
  co_await expect_text(pair.client, "world");
}

COROUTINE_TEST_CASE("a read of a stream that has ended gives zero, again and again",
                    "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  pair.client.shutdown_write();
  co_await expect_end(pair.server);
  co_await expect_end(pair.server);
  std::array<std::byte, 8> buffer;
  const auto quiet = co_await as_result(pair.server.read_some(buffer));
  CHECK_FALSE(quiet.error);
  CHECK(quiet.value == 0);
}

COROUTINE_TEST_CASE("a stream that ended in one direction goes on in the other",
                    "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  co_await pair.client.write_all(io::bytes_of("question"));
  pair.client.shutdown_write();
  const bytes question = co_await read_to_end(pair.server);
  CHECK(io::text_of(question) == "question");
  co_await pair.server.write_all(io::bytes_of("answer"));
  co_await pair.server.close();
  const bytes answer = co_await read_to_end(pair.client);
  CHECK(io::text_of(answer) == "answer");
}

COROUTINE_TEST_CASE("read_exact waits for all of it", "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  auto reading = spawn([&] { return read_text(pair.server, 6); });
  for (const char* piece : {"ab", "c", "def"}) {
    co_await pair.client.write_all(io::bytes_of(piece));
    co_await let_others_run();
  }
  co_await expect(std::move(reading), "abcdef");
}

COROUTINE_TEST_CASE("read_exact reports how much came before the stream ended",
                    "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  co_await pair.client.write_all(io::bytes_of("abc"));
  pair.client.shutdown_write();
  std::string text(5, '-');
  std::size_t received = 0;
  std::string message;
  try {
    co_await pair.server.read_exact(std::as_writable_bytes(std::span(text)));
  } catch (const io::end_of_stream& error) {
    received = error.received();
    message = error.what();
    CHECK(error.code() == io::stream_errc::end_of_stream);
  }
  CHECK(received == 3);
  CHECK(text == "abc--");
  CHECK(message == "read " + pair.server.peer_address().to_string() +
                       " (3 of 5 bytes): unexpected end of stream");

  const auto quiet =
      co_await as_result(pair.server.read_exact(std::as_writable_bytes(std::span(text))));
  CHECK(quiet.error == io::stream_errc::end_of_stream);
  CHECK(quiet.value == 0);
}

COROUTINE_TEST_CASE("a big transfer arrives whole, whatever the buffers", "[io][stream_socket]") {
  for (const bool small_buffers : {true, false}) {
    connected pair = co_await connect_pair(small_buffers);
    const bytes sent = pattern(small_buffers ? 300'000 : 8 << 20);
    auto reading = spawn([&] { return read_to_end(pair.server); });
    const std::size_t count = co_await pair.client.write_all(sent);
    CHECK(count == sent.size());
    pair.client.shutdown_write();
    const bytes received = co_await reading;
    CHECK((received == sent));
  }
}

COROUTINE_TEST_CASE("write_some writes what there is room for", "[io][stream_socket]") {
  connected pair = co_await connect_pair(true);
  const bytes sent = pattern(1 << 20);
  const std::size_t count = co_await pair.client.write_some(sent);
  CHECK(count > 0);
  CHECK(count < sent.size());
  bytes received(count);
  co_await expect(pair.server.read_exact(received), count);
  CHECK(std::equal(received.begin(), received.end(), sent.begin()));
}

COROUTINE_TEST_CASE("several buffers are written in order", "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  const std::array<io::const_buffer, 5> pieces = {
      io::const_buffer(std::string_view("ab")), io::const_buffer(),
      io::const_buffer(std::string_view("c")), io::const_buffer(std::string_view("def")),
      io::const_buffer()};
  co_await expect(pair.client.writev_all(pieces), 6u);
  co_await expect_text(pair.server, "abcdef");
}

COROUTINE_TEST_CASE("more buffers than the kernel takes are written in order",
                    "[io][stream_socket]") {
  for (const bool small_buffers : {true, false}) {
    connected pair = co_await connect_pair(small_buffers);
    const bytes sent = pattern(200'000);
    std::vector<io::const_buffer> pieces(2000);  // Empty ones in front.
    for (std::size_t at = 0, size = 1; at < sent.size(); at += size, size = size % 150 + 1) {
      pieces.emplace_back(std::span(sent).subspan(at, std::min(size, sent.size() - at)));
    }
    auto reading = spawn([&] { return read_to_end(pair.server); });
    const std::size_t count = co_await pair.client.writev_all(pieces);
    CHECK(count == sent.size());
    pair.client.shutdown_write();
    const bytes received = co_await reading;
    CHECK((received == sent));
  }
}

COROUTINE_TEST_CASE("a few large buffers are written whole although each is cut",
                    "[io][stream_socket]") {
  connected pair = co_await connect_pair(true);
  const bytes sent = pattern(300'000);
  const std::span<const std::byte> all(sent);
  const std::array<io::const_buffer, 3> pieces = {all.first(100'001), all.subspan(100'001, 99'999),
                                                  all.subspan(200'000)};
  auto reading = spawn([&] { return read_to_end(pair.server); });
  co_await expect(pair.client.writev_all(pieces), sent.size());
  pair.client.shutdown_write();
  const bytes received = co_await reading;
  CHECK((received == sent));
}

COROUTINE_TEST_CASE("one read fills several buffers", "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  co_await pair.client.write_all(io::bytes_of("abcdef"));
  std::string head(2, '-');
  std::string tail(10, '-');
  const std::array<io::mutable_buffer, 3> into = {io::mutable_buffer(),
                                                  std::as_writable_bytes(std::span(head)),
                                                  std::as_writable_bytes(std::span(tail))};
  co_await expect(pair.server.readv_some(into), 6u);
  CHECK(head == "ab");
  CHECK(tail == "cdef------");
  pair.client.shutdown_write();
  co_await expect(pair.server.readv_some(into), 0u);
}

COROUTINE_TEST_CASE("empty buffers are read and written at once", "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  co_await expect(pair.server.read_some({}), 0u);
  co_await expect(pair.server.read_exact({}), 0u);
  co_await expect(pair.server.readv_some({}), 0u);
  co_await expect(pair.server.write_some({}), 0u);
  co_await expect(pair.server.write_all({}), 0u);
  co_await expect(pair.server.writev_all({}), 0u);
  const std::array<io::const_buffer, 2> nothing = {};
  co_await expect(pair.server.writev_all(nothing), 0u);
  CHECK(pair.client.available() == 0);
}

COROUTINE_TEST_CASE("reading and writing go on at the same time", "[io][stream_socket]") {
  connected pair = co_await connect_pair(true);
  const bytes sent = pattern(100'000);
  const auto send_and_end = [&](io::tcp_stream& stream) -> task<> {
    co_await stream.write_all(sent);
    stream.shutdown_write();
  };
  auto all = co_await when_all(send_and_end(pair.client), send_and_end(pair.server),
                               read_to_end(pair.client), read_to_end(pair.server));
  CHECK((all.third == sent));
  CHECK((all.fourth == sent));
}

COROUTINE_TEST_CASE("a reset connection names the peer", "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  const std::string peer = pair.server.peer_address().to_string();
  pair.client.set_zero_linger();
  co_await pair.client.close();
  std::array<std::byte, 8> buffer;
  const auto error = co_await error_of(pair.server.read_some(buffer));
  REQUIRE(error.has_value());
  CHECK(error->code() == std::errc::connection_reset);
  CHECK(std::string(error->what()) == "read " + peer + ": Connection reset by peer");
}

COROUTINE_TEST_CASE("read_exact tells a reset from an end, and how much came",
                    "[io][stream_socket]") {
  for (const bool read_first : {true, false}) {
    connected pair = co_await connect_pair();
    pair.client.set_zero_linger();
    std::array<std::byte, 8> buffer{};
    const auto read = [&]() -> task<result<std::size_t>> {
      const auto ended = co_await as_result(pair.server.read_exact(buffer));
      co_return ended;
    };
    join_handle<result<std::size_t>> reading;
    if (read_first) {
      reading = spawn(read);
      co_await let_others_run();
    }
    co_await pair.client.write_all(io::bytes_of("abc"));
    const auto arrived = [&] {
      return read_first ? buffer[2] == std::byte('c') : pair.server.available() == 3;
    };
    while (!arrived()) co_await sleep_for(1ms);
    co_await pair.client.close();
    if (!read_first) reading = spawn(read);
    const auto ended = co_await reading;
    CHECK(ended.error == std::errc::connection_reset);
    CHECK(ended.value == 3);
  }
}

COROUTINE_TEST_CASE("writing to a peer that is gone fails without a signal",
                    "[io][stream_socket]") {
  const pipe_signal_count signals;
  connected pair = co_await connect_pair();
  co_await pair.client.close();
  std::optional<std::system_error> error;
  // The first write is answered by a reset.
  for (int i = 0; i < 100 && !error.has_value(); ++i) {
    error = co_await error_of(pair.server.write_all(io::bytes_of("anybody there?")));
    if (!error.has_value()) co_await sleep_for(1ms);
  }
  REQUIRE(error.has_value());
  CHECK((error->code() == std::errc::broken_pipe || error->code() == std::errc::connection_reset));
  const auto again = co_await error_of(pair.server.write_some(io::bytes_of("anybody?")));
  REQUIRE(again.has_value());
  CHECK(again->code() == std::errc::broken_pipe);
  const std::array<io::const_buffer, 2> pieces = {io::const_buffer(std::string_view("any")),
                                                  io::const_buffer(std::string_view("body"))};
  const auto vectored = co_await error_of(pair.server.writev_all(pieces));
  REQUIRE(vectored.has_value());
  CHECK(vectored->code() == std::errc::broken_pipe);
  CHECK(pipe_signals == 0);
}

COROUTINE_TEST_CASE("shutting a connection down that is gone is an error", "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  pair.client.set_zero_linger();
  co_await pair.client.close();
  std::array<std::byte, 8> buffer;
  (void)co_await as_result(pair.server.read_some(buffer));
  CHECK_THROWS_AS(pair.server.shutdown_write(), std::system_error);
  CHECK_THROWS_AS(pair.client.shutdown_write(), std::system_error);
}

COROUTINE_TEST_CASE("readable waits for bytes, or for the end", "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  bool ready = false;
  auto waiting = spawn([&]() -> task<> {
    co_await pair.server.readable();
    ready = true;
  });
  co_await let_others_run();
  CHECK_FALSE(ready);
  co_await pair.client.write_all(io::bytes_of("abc"));
  co_await waiting;
  CHECK(pair.server.available() == 3);
  co_await expect_text(pair.server, "abc");
  co_await expect_timeout(pair.server.readable());
  pair.client.shutdown_write();
  co_await pair.server.readable();
  co_await expect_end(pair.server);
}

COROUTINE_TEST_CASE("a second reader is refused, and the first goes on", "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  auto reading = spawn([&] { return read_text(pair.server, 3); });
  co_await let_others_run();
  std::array<std::byte, 8> buffer;
  std::string message;
  try {
    (void)co_await pair.server.read_some(buffer);
  } catch (const std::logic_error& error) {
    message = error.what();
  }
  CHECK(message.find("another task already does this") != message.npos);
  const auto quiet = co_await as_result(pair.server.read_some(buffer));
  CHECK(quiet.error == std::errc::device_or_resource_busy);
  co_await pair.client.write_all(io::bytes_of("abc"));
  co_await expect(std::move(reading), "abc");
}

COROUTINE_TEST_CASE("writes of several tasks are done in turn and never mix",
                    "[io][stream_socket]") {
  connected pair = co_await connect_pair(true);
  constexpr int writers = 10;
  constexpr std::size_t size = 50'000;
  std::vector<join_handle<void>> writing;
  for (int i = 0; i < writers; ++i) {
    writing.push_back(spawn([&pair, i]() -> task<> {
      const std::string message(size, static_cast<char>('a' + i));
      co_await pair.client.write_all(io::bytes_of(message));
    }));
  }
  for (int i = 0; i < writers; ++i) {
    const std::string message = co_await read_text(pair.server, size);
    CHECK((message == std::string(size, static_cast<char>('a' + i))));
  }
  for (join_handle<void>& each : writing) co_await each;
}

COROUTINE_TEST_CASE("a write that is cancelled before its turn writes nothing",
                    "[io][stream_socket]") {
  connected pair = co_await connect_pair(true);
  const bytes first = pattern(200'000);
  const auto write = [&](std::string text) -> task<> {
    co_await pair.client.write_all(io::bytes_of(text));
  };
  auto writing = spawn([&]() -> task<> { co_await pair.client.write_all(first); });
  auto second = spawn(write, "second");
  auto third = spawn(write, "third");
  co_await let_others_run();
  CHECK_FALSE(writing.done());
  second.cancel();
  const auto cancelled = co_await as_result(second);
  CHECK(cancelled.cancelled());
  CHECK_FALSE(third.done());

  bytes received(first.size());
  co_await pair.server.read_exact(received);
  CHECK((received == first));
  co_await expect_text(pair.server, "third");
  co_await writing;
  co_await third;
}
