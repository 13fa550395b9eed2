#include <lariat/io/stream/buffered_reader.hpp>

#include "coroutine_test.hpp"
#include "io/connected.hpp"
#include "io/memory_stream.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

using namespace lariat;

static_assert(io::stream_reader<io::buffered_reader<io::tcp_stream>>);

namespace {

task<std::vector<std::string>> all_lines(std::vector<std::string> pieces) {
  memory_stream stream(std::move(pieces));
  io::buffered_reader reader(stream);
  async_generator<std::string_view> lines = io::lines(reader);
  std::vector<std::string> all;
  for (;;) {
    const std::optional<std::string_view> line = co_await lines.next();
    if (!line.has_value()) co_return all;
    all.emplace_back(*line);
  }
}

template <class Stream>
task<> expect_bytes(io::buffered_reader<Stream>& from, std::string expected) {
  std::string text(expected.size(), '-');
  co_await from.read_exact(std::as_writable_bytes(std::span(text)));
  CHECK(text == expected);
}

}  // namespace

COROUTINE_TEST_CASE("an end inside a read beyond the limit counts what was read ahead",
                    "[io][buffered_reader]") {
  memory_stream stream({"abcdef", "gh"});
  io::buffered_reader reader(stream, 8);
  (void)co_await reader.peek();
  std::array<std::byte, 10> all;
  std::size_t received = 0;
  try {
    co_await reader.read_exact(all);
  } catch (const io::end_of_stream& error) {
    received = error.received();
  }
  CHECK(received == 8);
}

COROUTINE_TEST_CASE("lines may come in any pieces", "[io][buffered_reader]") {
  struct sample {
    std::vector<std::string> pieces;
    std::vector<std::string> lines;
  };
  const std::vector<sample> samples = {
      {{}, {}},
      {{"\n"}, {""}},
      {{"a\nb\nc\n"}, {"a", "b", "c"}},
      {{"a", "\n", "b", "\nc", "\n"}, {"a", "b", "c"}},
      {{"one\ntw", "o\n", "\n\nthree"}, {"one", "two", "", "", "three"}},
      {{"dos\r", "\nmac\runix\n\r\n"}, {"dos", "mac\runix", ""}},
  };
  for (const sample& each : samples) {
    const std::vector<std::string> lines = co_await all_lines(each.pieces);
    CHECK(lines == each.lines);
  }
}

COROUTINE_TEST_CASE("reading ahead saves operations", "[io][buffered_reader]") {
  memory_stream stream({"a\nb\nc\nd\n"});
  io::buffered_reader reader(stream);
  for (const char* expected : {"a", "b", "c", "d"}) {
    const auto line = co_await reader.read_line();
    CHECK(line == expected);
  }
  CHECK(stream.reads == 1);
}

COROUTINE_TEST_CASE("a record ends with its delimiter, which may come in pieces",
                    "[io][buffered_reader]") {
  memory_stream stream({"GET /\r\n", "Host: x\r", "\n\r", "\nbody", "#rest"});
  io::buffered_reader reader(stream);
  const std::string_view head = co_await reader.read_until("\r\n\r\n");
  CHECK(head == "GET /\r\nHost: x\r\n\r\n");
  const std::string_view body = co_await reader.read_until("#");
  CHECK(body == "body#");
  CHECK(io::text_of(reader.buffered()) == "rest");
}

COROUTINE_TEST_CASE("a stream that ends before the delimiter leaves what came",
                    "[io][buffered_reader]") {
  memory_stream stream({"abc"});
  io::buffered_reader reader(stream);
  std::size_t received = 0;
  try {
    (void)co_await reader.read_until(";");
  } catch (const io::end_of_stream& error) {
    received = error.received();
  }
  CHECK(received == 3);
  co_await expect_bytes(reader, "abc");
}

COROUTINE_TEST_CASE("a record that is too long leaves what came", "[io][buffered_reader]") {
  memory_stream stream({"12345", "6789;", "next;"});
  io::buffered_reader reader(stream);
  bool refused = false;
  try {
    (void)co_await reader.read_until(";", 8);
  } catch (const io::limit_exceeded& error) {
    refused = true;
    CHECK(error.code() == io::stream_errc::limit_exceeded);
  }
  CHECK(refused);
  CHECK(io::text_of(reader.buffered()) == "123456789;");
  const std::string_view record = co_await reader.read_until(";", 10);
  CHECK(record == "123456789;");
  const std::string_view next = co_await reader.read_until(";", 5);
  CHECK(next == "next;");
}

COROUTINE_TEST_CASE("an endless line does not fill the memory", "[io][buffered_reader]") {
  std::vector<std::string> pieces(1000, std::string(1000, 'x'));
  memory_stream stream(std::move(pieces));
  io::buffered_reader reader(stream, 10'000);
  bool refused = false;
  try {
    (void)co_await reader.read_line();
  } catch (const io::limit_exceeded&) {
    refused = true;
  }
  CHECK(refused);
  CHECK(stream.reads < 20);
  reader.consume(reader.buffered().size());
  CHECK(reader.buffered().empty());
}

COROUTINE_TEST_CASE("read_exact takes what was read ahead first", "[io][buffered_reader]") {
  memory_stream stream({"ab\ncd", "ef", "ghij"});
  io::buffered_reader reader(stream, 4);
  const auto line = co_await reader.read_line();
  CHECK(line == "ab");
  co_await expect_bytes(reader, "c");
  co_await expect_bytes(reader, "defghi");  // More than the limit.
  co_await expect_bytes(reader, "j");
  co_await expect_bytes(reader, "");
  std::size_t received = 9;
  try {
    co_await expect_bytes(reader, "k");
  } catch (const io::end_of_stream& error) {
    received = error.received();
  }
  CHECK(received == 0);
}

COROUTINE_TEST_CASE("peek leaves the bytes where they are", "[io][buffered_reader]") {
  memory_stream stream({"a", "bc", "d"});
  io::buffered_reader reader(stream, 8);
  const std::span<const std::byte> two = co_await reader.peek(2);
  CHECK(io::text_of(two) == "abc");
  const std::span<const std::byte> all = co_await reader.peek(8);
  CHECK(io::text_of(all) == "abcd");
  reader.consume(1);
  co_await expect_bytes(reader, "bcd");
  const std::span<const std::byte> end = co_await reader.peek();
  CHECK(end.empty());
  bool refused = false;
  try {
    (void)co_await reader.peek(9);
  } catch (const io::limit_exceeded&) {
    refused = true;
  }
  CHECK(refused);
}

COROUTINE_TEST_CASE("read_some gives what there is", "[io][buffered_reader]") {
  memory_stream stream({"abc", "def"});
  io::buffered_reader reader(stream, 5);
  std::array<std::byte, 2> small;
  std::array<std::byte, 9> large;
  std::size_t count = co_await reader.read_some(small);
  CHECK(io::text_of(std::span(small).first(count)) == "ab");
  count = co_await reader.read_some(large);
  CHECK(io::text_of(std::span(large).first(count)) == "c");
  count = co_await reader.read_some(large);
  CHECK(io::text_of(std::span(large).first(count)) == "def");
  count = co_await reader.read_some(large);
  CHECK(count == 0);
  count = co_await reader.read_some({});
  CHECK(count == 0);
}

COROUTINE_TEST_CASE("a record that grows keeps its bytes", "[io][buffered_reader]") {
  connected pair = co_await connect_pair();
  const std::string first(3000, 'a');
  const std::string second(40'000, 'b');
  co_await pair.client.write_all(io::bytes_of(first + "\n" + second + "\n" + "c\n"));
  io::buffered_reader reader(pair.server);
  const auto one = co_await reader.read_line();
  CHECK((one == first));
  const auto two = co_await reader.read_line();
  CHECK((two == second));
  const auto three = co_await reader.read_line();
  CHECK(three == "c");
}

COROUTINE_TEST_CASE("cancelled reads lose no byte", "[io][buffered_reader]") {
  connected pair = co_await connect_pair();
  io::buffered_reader reader(pair.server);
  co_await pair.client.write_all(io::bytes_of("abc"));
  co_await expect_timeout(reader.read_line());
  std::string text(4, '-');
  co_await expect_timeout(reader.read_exact(std::as_writable_bytes(std::span(text))));
  co_await expect_timeout(reader.read_until("#"));
  co_await pair.client.write_all(io::bytes_of("d\n"));
  const auto line = co_await reader.read_line();
  CHECK(line == "abcd");
}
