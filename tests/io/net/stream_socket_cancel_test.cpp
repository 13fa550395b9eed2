// What cancels and timeouts do to the operations of a stream.

#include <lariat/io/net/stream_socket.hpp>

#include "coroutine_test.hpp"
#include "io/connected.hpp"
#include "io/pattern.hpp"

#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

using namespace lariat;
using namespace std::chrono_literals;

COROUTINE_TEST_CASE("a cancelled read loses no byte", "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  std::array<std::byte, 8> buffer;
  co_await expect_timeout(pair.server.read_some(buffer));
  co_await pair.client.write_all(io::bytes_of("abc"));
  co_await expect_text(pair.server, "abc");
}

COROUTINE_TEST_CASE("a read that was cancelled before it began reads nothing",
                    "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  co_await pair.client.write_all(io::bytes_of("abc"));
  bool cancelled = false;
  auto reading = spawn([&]() -> task<> {
    std::array<std::byte, 8> buffer;
    try {
      (void)co_await pair.server.read_some(buffer);
    } catch (const operation_cancelled&) {
      cancelled = true;
      throw;
    }
  });
  reading.cancel();
  (void)co_await as_result(reading);
  co_await expect_text(pair.server, "abc");
}

COROUTINE_TEST_CASE("a cancel after the end of a read goes to the next await",
                    "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  std::string text;
  auto reading = spawn([&]() -> task<> {
    text = co_await read_text(pair.server, 3);
    co_await sleep_for(1h);
  });
  co_await let_others_run();
  co_await pair.client.write_all(io::bytes_of("abc"));
  while (text.empty()) co_await yield();
  reading.cancel();
  const auto ended = co_await as_result(reading);
  CHECK(ended.cancelled());
  CHECK(text == "abc");
}

COROUTINE_TEST_CASE("reads race their timeouts, and every byte arrives once",
                    "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  const bytes sent = pattern(3000);
  auto writing = spawn([&]() -> task<> {
    for (const std::byte& each : sent) {
      co_await pair.client.write_all(std::span(&each, 1));
      co_await yield();
    }
    pair.client.shutdown_write();
  });
  bytes received;
  int timeouts = 0;
  for (bool ended = false; !ended;) {
    std::array<std::byte, 2> buffer;
    const std::optional<std::size_t> count =
        co_await try_timeout(timeouts % 30 * 1us, pair.server.read_some(buffer));
    if (!count.has_value()) {
      ++timeouts;
      continue;
    }
    ended = *count == 0;
    received.insert(received.end(), buffer.begin(),
                    buffer.begin() + static_cast<std::ptrdiff_t>(*count));
  }
  co_await writing;
  CHECK((received == sent));
}

COROUTINE_TEST_CASE("a cancelled read_exact tells how much had come", "[io][stream_socket]") {
  connected pair = co_await connect_pair();
  std::string text(5, '-');
  result<std::size_t> ended;
  auto reading = spawn([&]() -> task<> {
    ended = co_await as_result(pair.server.read_exact(std::as_writable_bytes(std::span(text))));
  });
  co_await let_others_run();
  co_await pair.client.write_all(io::bytes_of("abc"));
  while (text != "abc--") co_await yield();
  reading.cancel();
  co_await reading;
  CHECK(ended.error == std::errc::operation_canceled);
  CHECK(ended.value == 3);
  CHECK(text == "abc--");
  co_await pair.client.write_all(io::bytes_of("de"));
  co_await expect_text(pair.server, "de");
}

COROUTINE_TEST_CASE("a cancelled write_all tells how much was written", "[io][stream_socket]") {
  connected pair = co_await connect_pair(true);
  const bytes sent = pattern(1 << 20);
  result<std::size_t> ended;
  auto writing =
      spawn([&]() -> task<> { ended = co_await as_result(pair.client.write_all(sent)); });
  while (pair.server.available() == 0) co_await yield();
  writing.cancel();
  co_await writing;
  CHECK(ended.error == std::errc::operation_canceled);
  CHECK(ended.value > 0);
  CHECK(ended.value < sent.size());
  pair.client.shutdown_write();
  const bytes received = co_await read_to_end(pair.server);
  CHECK(received.size() == ended.value);
  CHECK(std::equal(received.begin(), received.end(), sent.begin()));
}

COROUTINE_TEST_CASE("a cancelled writev_all tells how much was written", "[io][stream_socket]") {
  connected pair = co_await connect_pair(true);
  const bytes sent = pattern(1 << 20);
  const std::array<io::const_buffer, 2> pieces = {std::span(sent).first(5),
                                                  std::span(sent).subspan(5)};
  result<std::size_t> ended;
  auto writing =
      spawn([&]() -> task<> { ended = co_await as_result(pair.client.writev_all(pieces)); });
  while (pair.server.available() == 0) co_await yield();
  writing.cancel();
  co_await writing;
  CHECK(ended.error == std::errc::operation_canceled);
  pair.client.shutdown_write();
  const bytes received = co_await read_to_end(pair.server);
  CHECK(received.size() == ended.value);
  CHECK(std::equal(received.begin(), received.end(), sent.begin()));
}
