#include <lariat/io/stream/buffered_writer.hpp>

#include "coroutine_test.hpp"
#include "io/connected.hpp"
#include "io/memory_stream.hpp"

#include <string>

using namespace lariat;

COROUTINE_TEST_CASE("small writes are collected", "[io][buffered_writer]") {
  memory_stream stream({});
  io::buffered_writer writer(stream, 100);
  for (int i = 0; i < 20; ++i) co_await writer.write("abc");
  CHECK(stream.writes == 0);
  CHECK(writer.buffered() == 60);
  co_await writer.flush();
  CHECK(stream.writes == 1);
  CHECK(stream.written.size() == 60);
  CHECK(writer.buffered() == 0);
  co_await writer.flush();
  CHECK(stream.writes == 1);
}

COROUTINE_TEST_CASE("a full buffer is flushed, in order", "[io][buffered_writer]") {
  memory_stream stream({});
  io::buffered_writer writer(stream, 10);
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 14), static_cast<char>('a' + i % 26));
    expected += piece;
    co_await writer.write(piece);
    CHECK(writer.buffered() <= 10);
  }
  co_await writer.flush();
  CHECK(stream.written == expected);
}

COROUTINE_TEST_CASE("try_write never waits", "[io][buffered_writer]") {
  memory_stream stream({});
  io::buffered_writer writer(stream, 4);
  CHECK(writer.try_write("abc"));
  CHECK_FALSE(writer.try_write("de"));
  CHECK(writer.try_write("d"));
  CHECK(writer.try_write(""));
  CHECK_FALSE(writer.try_write("e"));
  co_await writer.flush();
  CHECK(stream.written == "abcd");
  CHECK(writer.try_write("efgh"));
}

COROUTINE_TEST_CASE("short writes are gone on with", "[io][buffered_writer]") {
  memory_stream stream({});
  stream.write_max = 3;
  io::buffered_writer writer(stream, 8);
  co_await writer.write("abcdefgh");
  co_await writer.write("0123456789");
  co_await writer.flush();
  CHECK(stream.written == "abcdefgh0123456789");
}

COROUTINE_TEST_CASE("a cancelled flush can be gone on with", "[io][buffered_writer]") {
  connected pair = co_await connect_pair(true);
  io::buffered_writer writer(pair.client, 1 << 20);
  const std::string sent(300'000, 'x');
  co_await writer.write(sent);
  co_await expect_timeout(writer.flush());
  CHECK(writer.buffered() > 0);
  CHECK(writer.buffered() < sent.size());
  auto flushing = spawn([&]() -> task<> {
    co_await writer.flush();
    pair.client.shutdown_write();
  });
  co_await expect_text(pair.server, sent);
  co_await expect_end(pair.server);
  co_await flushing;
}
