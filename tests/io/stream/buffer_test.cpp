#include <lariat/io/stream/buffer.hpp>

#include <lariat/io/file/file.hpp>
#include <lariat/io/fs/fs_content.hpp>
#include <lariat/io/fs/fs_temp.hpp>
#include <lariat/io/net/stream_socket.hpp>
#include <lariat/io/stream/buffered_writer.hpp>

#include "coroutine_test.hpp"
#include "io/memory_stream.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

using namespace lariat;

namespace {

template <class From>
std::string_view text_in(const From& from) {
  const io::const_buffer buffer = from;
  return io::text_of(buffer.bytes());
}

}  // namespace

TEST_CASE("a buffer is made of texts and of ranges of bytes", "[io]") {
  const std::array<std::byte, 2> bytes{std::byte{'h'}, std::byte{'i'}};
  const std::array<char, 2> letters{'h', 'i'};
  const unsigned char plain[] = {'h', 'i'};
  char writable[] = "hi";  // With a NUL, where it ends.
  CHECK(text_in("hi") == "hi");
  CHECK(text_in(std::string("hi")) == "hi");
  CHECK(text_in(std::string_view("hi")) == "hi");
  CHECK(text_in(bytes) == "hi");
  CHECK(text_in(letters) == "hi");
  CHECK(text_in(plain) == "hi");
  CHECK(text_in(writable) == "hi");
  CHECK(text_in(std::vector<char>{'h', 'i'}) == "hi");
  CHECK(text_in(std::span<const std::byte, 2>(bytes)) == "hi");
  CHECK(text_in(std::string_view("h\0i", 3)).size() == 3);

  const io::const_buffer list[] = {"hi", bytes, letters, std::span(bytes)};
  CHECK(list[3].size == 2);
  std::array<std::byte, 4> room{};
  std::vector<char> more(3);
  const io::mutable_buffer into[] = {room, more, writable, std::span<std::byte, 4>(room)};
  CHECK(into[0].data == room.data());
  CHECK(into[1].size == 3);
  CHECK(into[2].size == 3);
  static_assert(!std::is_constructible_v<io::mutable_buffer, const std::array<char, 3>&>);
  static_assert(!std::is_constructible_v<io::mutable_buffer, std::string_view>);
  static_assert(!std::is_constructible_v<io::const_buffer, std::vector<int>>);
  static_assert(!std::is_constructible_v<io::const_buffer, char(&)[3]>);
  static_assert(std::is_constructible_v<io::const_buffer, const char(&)[3]>);
}

COROUTINE_TEST_CASE("files and streams write texts", "[io][file]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  const std::string path = scratch.file("a");
  io::file file = co_await io::file::open(path, io::open_mode::write | io::open_mode::create);
  const std::string two = "two ";
  const std::array<char, 6> three{'t', 'h', 'r', 'e', 'e', ' '};
  co_await file.write_all("one ");
  std::size_t count = co_await file.write_some(two);
  CHECK(count == 4);
  co_await file.write_all(three);
  const std::array<io::const_buffer, 5> list{"", two, "", three, ""};
  count = co_await file.writev_all(list);
  CHECK(count == 10);
  const std::vector<io::const_buffer> many(3000, "m");
  count = co_await file.writev_all_at(100, many);
  CHECK(count == 3000);
  count = co_await file.writev_all({});
  CHECK(count == 0);
  CHECK(file.position() == 24);
  std::string text = co_await io::fs::read_file(path);
  CHECK(text.starts_with("one two three two three "));
  CHECK(text.ends_with("mmm"));
  CHECK(text.size() == 3100);

  memory_stream stream({});
  co_await io::write_all(stream, "text");
  CHECK(stream.written == "text");
}
