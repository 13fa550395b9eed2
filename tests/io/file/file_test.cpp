#include <lariat/io/file/file.hpp>

#include <lariat/io/fs/fs_temp.hpp>
#include <lariat/io/stream/stream_error.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timeout.hpp>

#include "coroutine_test.hpp"
#include "io/old_kernel.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace lariat;
using io::open_mode;

namespace {

std::string text_of(const auto& bytes, std::size_t count) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), count);
}

constexpr open_mode fresh = open_mode::read_write | open_mode::create | open_mode::truncate;

}  // namespace

COROUTINE_TEST_CASE("what was written is read back, at the cursor and at offsets", "[io][file]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), fresh);
  co_await file.write_all(io::bytes_of("hello world"));
  CHECK(file.size() == 11);

  std::array<std::byte, 32> buffer;
  std::size_t at_end = co_await file.read_some(buffer);
  CHECK(at_end == 0);
  std::size_t count = co_await file.read_at(6, buffer);
  CHECK(text_of(buffer, count) == "world");

  std::size_t replaced = co_await file.write_at(0, io::bytes_of("J"));
  CHECK(replaced == 1);
  std::span<std::byte> five = std::span(buffer).first(5);
  co_await file.read_exact_at(0, five);
  CHECK(text_of(buffer, 5) == "Jello");

  io::file again = co_await io::file::open(scratch.file("a"));
  count = co_await again.read_some(five);
  CHECK(text_of(buffer, count) == "Jello");
  count = co_await again.read_some(buffer);
  CHECK(text_of(buffer, count) == " world");
}

COROUTINE_TEST_CASE("open reports the errno and the path", "[io][file]") {
  std::error_code code;
  std::string text;
  try {
    co_await io::file::open("/no/such/file");
  } catch (const std::system_error& error) {
    code = error.code();
    text = error.what();
  }
  CHECK(code == std::errc::no_such_file_or_directory);
  CHECK(text == "open /no/such/file: No such file or directory");
}

COROUTINE_TEST_CASE("open refuses a path with a NUL inside", "[io][file]") {
  result<io::file> opened =
      co_await as_result(io::file::open(std::string_view("/dev/null\0x", 11)));
  CHECK(opened.error == std::errc::invalid_argument);
}

COROUTINE_TEST_CASE("the modes of open do what they say", "[io][file][kernel]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  const std::string path = scratch.file("a");
  constexpr open_mode exclusive = open_mode::write | open_mode::exclusive;

  result<io::file> missing = co_await as_result(io::file::open(path, open_mode::write));
  CHECK(missing.error == std::errc::no_such_file_or_directory);
  io::file made = co_await io::file::open(path, exclusive);
  co_await made.write_all(io::bytes_of("one"));
  result<io::file> twice = co_await as_result(io::file::open(path, exclusive));
  CHECK(twice.error == std::errc::file_exists);

  io::file appended = co_await io::file::open(path, open_mode::append);
  co_await appended.write_all(io::bytes_of("two"));
  CHECK(appended.size() == 6);

  std::array<std::byte, 8> buffer;
  result<std::size_t> unreadable = co_await as_result(appended.read_some(buffer));
  CHECK(unreadable.error == std::errc::bad_file_descriptor);

  io::file emptied = co_await io::file::open(path, open_mode::write | open_mode::truncate);
  CHECK(emptied.size() == 0);

  result<io::file> no_directory =
      co_await as_result(io::file::open(path, open_mode::read | open_mode::directory));
  CHECK(no_directory.error == std::errc::not_a_directory);
  REQUIRE(::symlink(path.c_str(), scratch.file("link").c_str()) == 0);
  result<io::file> link = co_await as_result(
      io::file::open(scratch.file("link"), open_mode::read | open_mode::no_follow));
  CHECK(link.error == std::errc::too_many_symbolic_link_levels);
}

COROUTINE_TEST_CASE("files are opened CLOEXEC", "[io][file][kernel]") {
  io::file file = co_await io::file::open("/dev/null");
  CHECK((::fcntl(file.native_handle(), F_GETFD) & FD_CLOEXEC) != 0);
}

COROUTINE_TEST_CASE("reading a directory fails and names it", "[io][file]") {
  io::file directory = co_await io::file::open("/tmp", open_mode::read | open_mode::directory);
  std::array<std::byte, 8> buffer;
  std::error_code code;
  std::string text;
  try {
    co_await directory.read_some(buffer);
  } catch (const std::system_error& error) {
    code = error.code();
    text = error.what();
  }
  CHECK(code == std::errc::is_a_directory);
  CHECK(text.find("(/tmp)") != text.npos);
}

COROUTINE_TEST_CASE("a full disk fails the write", "[io][file][kernel]") {
  io::file full = co_await io::file::open("/dev/full", open_mode::write);
  result<std::size_t> all = co_await as_result(full.write_all(io::bytes_of("x")));
  CHECK(all.error == std::errc::no_space_on_device);
  result<std::size_t> some = co_await as_result(full.write_some(io::bytes_of("x")));
  CHECK(some.error == std::errc::no_space_on_device);
}

COROUTINE_TEST_CASE("closed and moved-from files fail by EBADF", "[io][file][kernel]") {
  io::file file = co_await io::file::open("/dev/zero");
  io::file moved = std::move(file);
  std::array<std::byte, 8> buffer;
  std::string text;
  try {
    co_await file.read_some(buffer);
  } catch (const std::system_error& error) {
    text = error.what();
  }
  CHECK(text == "read on a closed descriptor: Bad file descriptor");

  co_await moved.close();
  result<std::size_t> exact = co_await as_result(moved.read_exact(buffer));
  CHECK(exact.error == std::errc::bad_file_descriptor);
  result<void> synced = co_await as_result(moved.sync());
  CHECK(synced.error == std::errc::bad_file_descriptor);
  result<io::file_stat> found = co_await as_result(moved.stat());
  CHECK(found.error == std::errc::bad_file_descriptor);
  result<void> again = co_await as_result(moved.close());
  CHECK(again.error == std::errc::bad_file_descriptor);
  CHECK_THROWS_AS(moved.size(), std::system_error);
  // Even with nothing to transfer.
  result<std::size_t> nothing = co_await as_result(moved.read_some({}));
  CHECK(nothing.error == std::errc::bad_file_descriptor);
  // Nor is a number that no descriptor has one that has no offsets.
  const io::file none{io::descriptor(-2)};
  result<std::size_t> at = co_await as_result(none.read_at(0, buffer));
  CHECK(at.error == std::errc::bad_file_descriptor);
}

COROUTINE_TEST_CASE("empty buffers transfer nothing", "[io][file][kernel]") {
  io::file file = co_await io::file::open("/dev/full", open_mode::read_write);
  std::size_t read = co_await file.read_some({});
  std::size_t read_there = co_await file.read_at(5, {});
  std::size_t written = co_await file.write_some({});
  std::size_t gathered = co_await file.writev_at(0, {});
  std::size_t scattered = co_await file.readv_at(0, {});
  CHECK(read + read_there + written + gathered + scattered == 0);
  co_await file.read_exact({});
  co_await file.write_all({});
}

COROUTINE_TEST_CASE("read_exact tells how much came before the end", "[io][file]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), fresh);
  co_await file.write_all(io::bytes_of("abc"));
  std::array<std::byte, 8> buffer;
  std::size_t received = 0;
  std::error_code code;
  try {
    co_await file.read_exact_at(1, buffer);
  } catch (const io::end_of_stream& error) {
    received = error.received();
    code = error.code();
  }
  CHECK(received == 2);
  CHECK(code == io::stream_errc::end_of_stream);
  result<std::size_t> as_code = co_await as_result(file.read_exact_at(0, buffer));
  CHECK(as_code.error == io::stream_errc::end_of_stream);
}

COROUTINE_TEST_CASE("read_exact and write_all go on after short transfers", "[io][file][kernel]") {
  // A pipe gives and takes 64 KiB at a time.
  int fds[2];
  REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
  io::file output{io::descriptor(fds[1])};
  io::file input{io::descriptor(fds[0])};
  std::vector<std::byte> sent(1 << 20);
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::byte>(i * 7);
  std::vector<std::byte> received(sent.size());
  co_await when_all(output.write_all(sent), input.read_exact(received));
  CHECK(sent == received);
}

COROUTINE_TEST_CASE("vectored reads and writes keep the order of the buffers", "[io][file]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), fresh);
  const std::array<io::const_buffer, 3> parts{io::const_buffer("ab"), io::const_buffer("cde"),
                                              io::const_buffer("f")};
  std::size_t written = co_await file.writev_at(2, parts);
  CHECK(written == 6);

  std::array<std::byte, 3> first;
  std::array<std::byte, 8> second;
  const std::array<io::mutable_buffer, 2> room{io::mutable_buffer(first),
                                               io::mutable_buffer(second)};
  std::size_t read = co_await file.readv_at(2, room);
  CHECK(read == 6);
  CHECK(text_of(first, 3) == "abc");
  CHECK(text_of(second, 3) == "def");
}

COROUTINE_TEST_CASE("more buffers than the kernel takes at once give a short write", "[io][file]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), fresh);
  const std::vector<io::const_buffer> parts(2000, io::const_buffer("x"));
  std::size_t written = co_await file.writev_at(0, parts);
  CHECK(written == 1024);
}

COROUTINE_TEST_CASE("offsets reach beyond 4 GiB", "[io][file][kernel]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), fresh);
  constexpr std::uint64_t far = (std::uint64_t{5} << 30) + 3;
  co_await file.write_all_at(far, io::bytes_of("far"));
  CHECK(file.size() == far + 3);
  std::array<std::byte, 3> buffer;
  co_await file.read_exact_at(far, buffer);
  CHECK(text_of(buffer, 3) == "far");
  io::file_stat found = co_await file.stat();
  CHECK(found.size == far + 3);
  CHECK(found.allocated < 1 << 20);  // The rest is a hole.
}

COROUTINE_TEST_CASE("an offset that no file has is an error, not the cursor",
                    "[io][file][kernel]") {
  io::file file = co_await io::file::open("/dev/zero");
  std::array<std::byte, 4> buffer;
  result<std::size_t> read = co_await as_result(file.read_at(~std::uint64_t{0}, buffer));
  CHECK(read.error == std::errc::invalid_argument);
}

COROUTINE_TEST_CASE("transfers of more than 2 GiB are made in steps", "[io][file][kernel]") {
  constexpr std::size_t size = (std::size_t{2} << 30) + 4096;
  // Never touched: every page is the kernel's one page of zeros.
  void* memory =
      ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  const std::span<const std::byte> bytes(static_cast<const std::byte*>(memory), size);
  io::file null = co_await io::file::open("/dev/null", open_mode::write);
  std::size_t some = co_await null.write_some(bytes);
  CHECK(some < size);
  co_await null.write_all(bytes);
  ::munmap(memory, size);
}

static task<> resize_both_ways() {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), fresh);
  co_await file.write_all(io::bytes_of("abcdef"));
  co_await file.resize(2);
  CHECK(file.size() == 2);
  co_await file.resize(4);
  std::array<std::byte, 8> buffer;
  std::size_t count = co_await file.read_at(0, buffer);
  CHECK(text_of(buffer, count) == std::string_view("ab\0\0", 4));
  result<void> negative = co_await as_result(file.resize(std::uint64_t{1} << 63));
  CHECK(negative.error == std::errc::invalid_argument);
}

TEST_CASE("resize cuts and extends, by the ring or by a system call", "[io][file]") {
  run_on_fresh_loop(resize_both_ways);
  run_on_fresh_loop<old_kernel>(resize_both_ways);
}

COROUTINE_TEST_CASE("sync, datasync, allocate and advise reach the file", "[io][file][kernel]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), fresh);
  co_await file.allocate(0, 8192);
  CHECK(file.size() == 8192);
  result<void> kept = co_await as_result(file.allocate(8192, 4096, io::allocation::keep_size));
  CHECK((!kept.error || kept.error == std::errc::operation_not_supported));
  CHECK(file.size() == 8192);
  co_await file.sync();
  co_await file.datasync();
  co_await file.advise(0, 0, io::file_advice::sequential);
  co_await file.advise(0, std::uint64_t{5} << 30, io::file_advice::dont_need);

  int fds[2];
  REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
  io::file pipe{io::descriptor(fds[0])};
  io::descriptor other_end(fds[1]);
  result<void> synced = co_await as_result(pipe.sync());
  CHECK(synced.error == std::errc::invalid_argument);
  result<void> advised = co_await as_result(pipe.advise(0, 0, io::file_advice::random));
  CHECK(advised.error == std::errc::invalid_seek);
}

COROUTINE_TEST_CASE("stat tells what the file is", "[io][file][kernel]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  const auto before = std::chrono::system_clock::now() - std::chrono::seconds(5);
  io::file file = co_await io::file::open(scratch.file("a"), fresh, 0640);
  co_await file.write_all(io::bytes_of("abc"));
  io::file_stat found = co_await file.stat();
  CHECK(found.is_regular());
  CHECK(found.size == 3);
  CHECK((found.permissions & 0700) == 0600);
  CHECK(found.links == 1);
  CHECK(found.user == ::geteuid());
  CHECK(found.inode != 0);
  CHECK(found.modified > before);
}

COROUTINE_TEST_CASE("a cancelled read of a pipe leaves the buffer and the pipe alone",
                    "[io][file][kernel]") {
  int fds[2];
  REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
  io::file input{io::descriptor(fds[0])};
  io::file output{io::descriptor(fds[1])};
  join_handle<void> reader = spawn([&]() -> task<> {
    std::array<std::byte, 8> buffer{};
    bool cancelled = false;
    try {
      co_await input.read_some(buffer);
    } catch (const operation_cancelled&) {
      cancelled = true;
    }
    CHECK(cancelled);
    // If the kernel still had the read, it would take this.
    co_await output.write_all(io::bytes_of("late"));
    co_await yield();
    CHECK(buffer == std::array<std::byte, 8>{});
    std::size_t count = co_await input.read_some(buffer);
    CHECK(text_of(buffer, count) == "late");
  });
  co_await yield();
  co_await yield();
  reader.cancel();
  co_await reader;
}

COROUTINE_TEST_CASE("a cancelled write_all ends after a short write", "[io][file][kernel]") {
  int fds[2];
  REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
  io::file input{io::descriptor(fds[0])};
  io::file output{io::descriptor(fds[1])};
  const std::vector<std::byte> sent(1 << 20);
  bool cancelled = false;
  join_handle<void> writer = spawn([&]() -> task<> {
    try {
      co_await output.write_all(sent);
    } catch (const operation_cancelled&) {
      cancelled = true;
    }
  });
  std::vector<std::byte> received(4096);
  co_await input.read_exact(received);  // It is under way.
  writer.cancel();
  co_await writer;
  CHECK(cancelled);
}

COROUTINE_TEST_CASE("a timeout that races the data loses nothing", "[io][file][kernel]") {
  int fds[2];
  REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
  io::file input{io::descriptor(fds[0])};
  io::file output{io::descriptor(fds[1])};
  constexpr int count = 300;
  join_handle<void> writer = spawn([&]() -> task<> {
    for (int i = 0; i < count; ++i) {
      co_await output.write_all(std::as_bytes(std::span(&i, 1)));
      co_await sleep_for(std::chrono::microseconds(i % 50));
    }
  });
  std::vector<int> received;
  while (received.size() < count) {
    int value = -1;
    auto room = std::as_writable_bytes(std::span(&value, 1));
    std::optional<std::size_t> got =
        co_await try_timeout(std::chrono::microseconds(20), input.read_some(room));
    if (got) {
      CHECK(*got == sizeof value);
      received.push_back(value);
    } else {
      CHECK(value == -1);
    }
  }
  co_await writer;
  bool in_order = true;
  for (int i = 0; i < count; ++i) in_order = in_order && received[i] == i;
  CHECK(in_order);
}

COROUTINE_TEST_CASE("many reads of one file are under way at once", "[io][file]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  io::file file = co_await io::file::open(scratch.file("a"), fresh);
  std::vector<std::uint32_t> numbers(64 * 1024);
  for (std::uint32_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
  co_await file.write_all(std::as_bytes(std::span(numbers)));
  int wrong = 0;
  std::vector<join_handle<void>> readers;
  for (std::uint32_t start = 0; start < 64; ++start) {
    readers.push_back(spawn([&, start]() -> task<> {
      for (std::uint32_t i = start; i < numbers.size(); i += 64 * 16) {
        std::uint32_t value = 0;
        auto room = std::as_writable_bytes(std::span(&value, 1));
        co_await file.read_exact_at(std::uint64_t{i} * sizeof value, room);
        if (value != i) ++wrong;
      }
    }));
  }
  for (join_handle<void>& each : readers) co_await each;
  CHECK(wrong == 0);
}
