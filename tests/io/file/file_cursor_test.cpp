#include <lariat/io/file/detail/file_cursor.hpp>

#include <lariat/io/file/file.hpp>
#include <lariat/io/fs/fs_content.hpp>
#include <lariat/io/fs/fs_temp.hpp>
#include <lariat/io/stream/stream_error.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/yield.hpp>

#include "coroutine_test.hpp"
#include "io/error_of.hpp"
#include "io/pipe_ends.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

using namespace lariat;
using io::open_mode;

namespace {

constexpr open_mode fresh = open_mode::read_write | open_mode::create | open_mode::truncate;

std::string read_text(std::span<const std::byte> bytes, std::size_t count) {
  return std::string(io::text_of(bytes.first(count)));
}

// A process that runs `body` and has ended well.
template <class Body>
class forked {
 public:
  explicit forked(Body body) : pid_(::fork()) {
    if (pid_ == 0) ::_exit(body() ? 0 : 1);
  }
  forked(const forked&) = delete;
  ~forked() {
    int status = -1;
    ::waitpid(pid_, &status, 0);
    CHECK(status == 0);
  }

 private:
  pid_t pid_;
};

}  // namespace

COROUTINE_TEST_CASE("the cursor is told and set", "[io][file]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), fresh);
  CHECK(file.position() == 0);
  co_await file.write_all("hello");
  CHECK(file.position() == 5);
  file.seek(1);
  std::array<std::byte, 16> buffer;
  std::size_t count = co_await file.read_some(buffer);
  CHECK(read_text(buffer, count) == "ello");
  CHECK(file.position() == 5);
  count = co_await file.read_some(buffer);
  CHECK(count == 0);
  CHECK(file.position() == 5);

  file.seek(8);
  co_await file.write_all("!");
  CHECK(file.size() == 9);
  count = co_await file.read_at(0, buffer);
  CHECK(read_text(buffer, count) == std::string("hello\0\0\0!", 9));
  CHECK(file.position() == 9);
  CHECK_THROWS_AS(file.seek(std::uint64_t{1} << 63), std::system_error);
  CHECK(file.position() == 9);
}

COROUTINE_TEST_CASE("a read that fails leaves the cursor where it was", "[io][file]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), open_mode::write | open_mode::create);
  co_await file.write_all("abc");
  std::array<std::byte, 2> buffer;
  result<std::size_t> read = co_await as_result(file.read_some(buffer));
  CHECK(read.error == std::errc::bad_file_descriptor);
  CHECK(file.position() == 3);
  result<std::size_t> exact = co_await as_result(file.read_exact(buffer));
  CHECK(exact.error == std::errc::bad_file_descriptor);
  CHECK(file.position() == 3);
}

COROUTINE_TEST_CASE("read_exact counts what came, and leaves the cursor behind it", "[io][file]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), fresh);
  co_await file.write_all("abc");
  file.seek(1);
  std::array<std::byte, 8> buffer;
  result<std::size_t> read = co_await as_result(file.read_exact(buffer));
  CHECK(read.error == io::stream_errc::end_of_stream);
  CHECK(read.value == 2);
  CHECK(file.position() == 3);
}

COROUTINE_TEST_CASE("operations at the cursor that are under way at once stand in line",
                    "[io][file]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), fresh);
  const std::string a(100'000, 'a');
  const std::string b(100'000, 'b');
  const std::string c(10, 'c');
  co_await when_all(file.write_all(a), file.write_all(b), file.write_some(c));
  CHECK(file.position() == 200'010);
  std::string text = co_await io::fs::read_file(scratch.file("a"));
  CHECK((text == a + b + c));

  file.seek(0);
  std::vector<std::byte> first(100'000);
  std::vector<std::byte> second(100'010);
  co_await when_all(file.read_exact(first), file.read_exact(second));
  CHECK((io::text_of(first) == a));
  CHECK((io::text_of(second) == b + c));
}

COROUTINE_TEST_CASE("a file may move while its cursor is used", "[io][file]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), fresh);
  const std::string text(300'000, 'x');
  std::vector<std::byte> room(400'000);
  join_handle<void> writer = spawn([&]() -> task<> { co_await file.write_all(text); });
  co_await yield();
  io::file moved = std::move(file);
  co_await writer;
  co_await moved.write_all("y");
  CHECK(moved.size() == 300'001);
  CHECK(moved.position() == 300'001);

  moved.seek(0);
  join_handle<void> reader = spawn([&]() -> task<> {
    const std::size_t count = co_await moved.read_some(room);
    CHECK(count == 300'001);
  });
  co_await yield();
  io::file again;
  again = std::move(moved);
  co_await reader;
  CHECK(again.position() == 300'001);  // What was too much has been given back here.
}

COROUTINE_TEST_CASE("a file may be closed while its cursor is used", "[io][file][kernel]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  auto file = std::make_unique<io::file>(co_await io::file::open(scratch.file("a"), fresh));
  std::vector<std::byte> room(10);
  join_handle<void> reader = spawn([&]() -> task<> {
    const result<std::size_t> ended = co_await as_result(file->read_some(room));
    CHECK(ended.value == 0);
    // The end of the file, if the read came first.
    CHECK((!ended.error || ended.error == std::errc::bad_file_descriptor));
  });
  co_await yield();
  file.reset();
  co_await reader;
}

COROUTINE_TEST_CASE("appending leaves the cursor behind what was appended", "[io][file]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  co_await io::fs::write_file(scratch.file("a"), "one ");
  io::file file = co_await io::file::open(scratch.file("a"), open_mode::read | open_mode::append);
  std::array<std::byte, 2> buffer;
  std::size_t count = co_await file.read_some(buffer);
  CHECK(read_text(buffer, count) == "on");
  CHECK(file.position() == 2);
  co_await file.write_all("two");
  CHECK(file.position() == 7);
  count = co_await file.read_some(buffer);
  CHECK(count == 0);
  std::string text = co_await io::fs::read_file(scratch.file("a"));
  CHECK(text == "one two");
}

COROUTINE_TEST_CASE("the cursor is shared by who has the native handle, and goes with it",
                    "[io][file][kernel]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), fresh);
  co_await file.write_all("first ");
  const int fd = file.native_handle();
  {
    const forked child([fd] { return ::write(fd, "second ", 7) == 7; });
  }
  co_await file.write_all("third");
  std::string text = co_await io::fs::read_file(scratch.file("a"));
  CHECK(text == "first second third");

  file.seek(6);
  std::array<std::byte, 7> buffer;
  CHECK(::read(fd, buffer.data(), 7) == 7);
  std::size_t count = co_await file.read_some(buffer);
  CHECK(read_text(buffer, count) == "third");

  io::descriptor released = file.release();
  CHECK(::lseek(released.native_handle(), 0, SEEK_CUR) == 18);
  CHECK(::write(released.native_handle(), "!", 1) == 1);
  io::file back{std::move(released)};
  co_await back.write_all("?");
  CHECK(back.position() == 20);
  text = co_await io::fs::read_file(scratch.file("a"));
  CHECK(text == "first second third!?");
}

COROUTINE_TEST_CASE("two processes that share a cursor lose nothing", "[io][file][kernel]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  constexpr int lines = 500;
  const std::string ours(1000, 'o');
  const std::string theirs(1000, 't');
  const io::descriptor shared(
      ::open(scratch.file("log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  {
    const forked child([&] {
      for (int i = 0; i < lines; ++i) {
        if (::write(shared.native_handle(), theirs.data(), 1000) != 1000) return false;
      }
      return true;
    });
    io::file file{io::descriptor(::dup(shared.native_handle()))};
    for (int i = 0; i < lines; ++i) co_await file.write_all(ours);
  }
  const std::string text = co_await io::fs::read_file(scratch.file("log"));
  CHECK(text.size() == 2 * lines * 1000);
  int counts[2] = {0, 0};
  for (std::size_t at = 0; at < text.size(); at += 1000) {
    const std::string_view line = std::string_view(text).substr(at, 1000);
    if (line == ours) ++counts[0];
    if (line == theirs) ++counts[1];
  }
  CHECK(counts[0] == lines);
  CHECK(counts[1] == lines);
}

COROUTINE_TEST_CASE("pipes and sockets have no offsets", "[io][file][kernel]") {
  pipe_ends ends;
  io::file input{std::move(ends.read)};
  io::file output{std::move(ends.write)};
  co_await output.write_all("text");
  std::array<std::byte, 8> buffer;
  const auto refused = [](const auto& ended) { return ended.error == std::errc::invalid_seek; };
  result<std::size_t> ended = co_await as_result(input.read_at(0, buffer));
  CHECK(refused(ended));
  ended = co_await as_result(input.read_exact_at(0, buffer));
  CHECK(refused(ended));
  ended = co_await as_result(output.write_at(0, "x"));
  CHECK(refused(ended));
  ended = co_await as_result(output.write_all_at(0, "x"));
  CHECK(refused(ended));
  const io::const_buffer list[] = {"x"};
  ended = co_await as_result(output.writev_at(0, list));
  CHECK(refused(ended));
  const io::mutable_buffer room[] = {buffer};
  ended = co_await as_result(input.readv_at(0, room));
  CHECK(refused(ended));
  std::string text;
  try {
    co_await input.read_at(0, buffer);
  } catch (const std::system_error& error) {
    text = error.what();
  }
  CHECK(text.find("(pipe:[") != text.npos);
  CHECK_THROWS_AS(input.position(), std::system_error);
  CHECK_THROWS_AS(input.seek(0), std::system_error);

  std::size_t count = co_await input.read_some(buffer);
  CHECK(read_text(buffer, count) == "text");  // Nothing came in between.

  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  io::file left{io::descriptor(pair[0])};
  io::file right{io::descriptor(pair[1])};
  ended = co_await as_result(left.write_at(0, "x"));
  CHECK(refused(ended));
  co_await left.write_all("x");
  count = co_await right.read_some(buffer);
  CHECK(count == 1);

  io::file event{io::descriptor(::eventfd(0, EFD_CLOEXEC))};
  const std::uint64_t two = 2;
  ended = co_await as_result(event.write_at(0, std::as_bytes(std::span(&two, 1))));
  CHECK(refused(ended));
  co_await event.write_all(std::as_bytes(std::span(&two, 1)));
  count = co_await event.read_some(buffer);
  CHECK(count == 8);
}

COROUTINE_TEST_CASE("devices take offsets as they like", "[io][file][kernel]") {
  io::file zeros{io::descriptor(::open("/dev/zero", O_RDONLY | O_CLOEXEC))};
  io::file null{io::descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC))};
  std::array<std::byte, 4> buffer{};
  std::size_t count = co_await zeros.read_at(1000, buffer);
  CHECK(count == 4);
  co_await zeros.read_exact(buffer);
  co_await null.write_all("nothing");
  co_await null.write_all_at(99, "nothing");
  count = co_await null.read_some(buffer);
  CHECK(count == 0);
}
