#include <lariat/io/stream/stream.hpp>

#include "coroutine_test.hpp"
#include "io/connected.hpp"
#include "io/memory_stream.hpp"

#include <string>

using namespace lariat;

static_assert(io::stream_reader<io::tcp_stream> && io::stream_writer<io::tcp_stream>);
static_assert(io::stream_reader<memory_stream> && io::stream_writer<memory_stream>);
static_assert(!io::stream_reader<io::tcp_listener> && !io::stream_writer<std::string>);

COROUTINE_TEST_CASE("read_exact reads until it has everything", "[io][stream]") {
  memory_stream stream({"a", "bcd", "ef"});
  std::string text(5, '-');
  co_await io::read_exact(stream, std::as_writable_bytes(std::span(text)));
  CHECK(text == "abcde");
  CHECK(stream.reads == 3);

  std::size_t received = 0;
  try {
    co_await io::read_exact(stream, std::as_writable_bytes(std::span(text)));
  } catch (const io::end_of_stream& error) {
    received = error.received();
  }
  CHECK(received == 1);
}

COROUTINE_TEST_CASE("write_all writes until everything is written", "[io][stream]") {
  memory_stream stream({});
  stream.write_max = 2;
  co_await io::write_all(stream, io::bytes_of("abcde"));
  CHECK(stream.written == "abcde");
  CHECK(stream.writes == 3);
  co_await io::write_all(stream, {});
  CHECK(stream.writes == 3);
}

COROUTINE_TEST_CASE("copy goes on until the source ends", "[io][stream]") {
  memory_stream from({"one ", "two ", "three"});
  memory_stream to({});
  to.write_max = 3;
  const std::uint64_t copied = co_await io::copy(from, to);
  CHECK(copied == 13);
  CHECK(to.written == "one two three");

  memory_stream empty({});
  const std::uint64_t nothing = co_await io::copy(empty, to);
  CHECK(nothing == 0);
}

COROUTINE_TEST_CASE("copy needs no more than its buffer", "[io][stream]") {
  memory_stream from({std::string(1000, 'x')});
  memory_stream to({});
  const std::uint64_t copied = co_await io::copy(from, to, 100);
  CHECK(copied == 1000);
  CHECK(from.reads == 11);
  CHECK(to.writes == 10);
}

COROUTINE_TEST_CASE("copy works between sockets", "[io][stream]") {
  connected in = co_await connect_pair();
  connected out = co_await connect_pair();
  co_await in.client.write_all(io::bytes_of("through two connections"));
  in.client.shutdown_write();
  const std::uint64_t copied = co_await io::copy(in.server, out.client);
  CHECK(copied == 23);
  co_await expect_text(out.server, "through two connections");
}

TEST_CASE("stream errors have their own category", "[io][stream]") {
  const std::error_code end = io::stream_errc::end_of_stream;
  CHECK(std::string(end.category().name()) == "lariat.stream");
  CHECK(end.message() == "unexpected end of stream");
  CHECK(end != make_error_code(io::stream_errc::limit_exceeded));
  CHECK(std::string(io::limit_exceeded(10).what()) ==
        "read 10 bytes: limit exceeded before the delimiter came");
}
