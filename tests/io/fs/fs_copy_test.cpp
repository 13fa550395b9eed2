#include <lariat/io/fs/fs_copy.hpp>

#include <lariat/io/file/file.hpp>
#include <lariat/io/fs/fs_content.hpp>
#include <lariat/io/fs/fs_path.hpp>
#include <lariat/io/fs/fs_temp.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/task/yield.hpp>

#include "coroutine_test.hpp"

#include <cstdint>
#include <string>
#include <system_error>

using namespace lariat;
namespace fs = io::fs;

namespace {

task<std::error_code> error_of(std::string from, std::string to, bool overwrite = true) {
  try {
    co_await fs::copy(from, to, {.overwrite = overwrite});
  } catch (const std::system_error& error) {
    co_return error.code();
  }
  co_return std::error_code();
}

}  // namespace

COROUTINE_TEST_CASE("copy takes the content and the permissions", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  const std::string content(2'500'000, 'c');
  co_await fs::write_file(scratch.file("a"), content);
  co_await fs::chmod(scratch.file("a"), 0740);
  std::uint64_t size = co_await fs::copy(scratch.file("a"), scratch.file("b"));
  CHECK(size == content.size());
  std::string text = co_await fs::read_file(scratch.file("b"));
  CHECK((text == content));
  io::file_stat found = co_await fs::stat(scratch.file("b"));
  CHECK(found.permissions == 0740);
}

COROUTINE_TEST_CASE("copy reads files that claim to be empty", "[io][fs][kernel]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  std::uint64_t size = co_await fs::copy("/proc/self/status", scratch.file("status"));
  std::string text = co_await fs::read_file(scratch.file("status"));
  CHECK(size > 0);
  CHECK(text.size() == size);
}

COROUTINE_TEST_CASE("copy overwrites, unless told not to", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await fs::write_file(scratch.file("a"), "new");
  co_await fs::write_file(scratch.file("b"), "older and longer");
  std::error_code code = co_await error_of(scratch.file("a"), scratch.file("b"), false);
  CHECK(code == std::errc::file_exists);
  std::string text = co_await fs::read_file(scratch.file("b"));
  CHECK(text == "older and longer");
  co_await fs::copy(scratch.file("a"), scratch.file("b"));
  text = co_await fs::read_file(scratch.file("b"));
  CHECK(text == "new");
}

COROUTINE_TEST_CASE("copy refuses directories and a file onto itself", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  std::error_code code = co_await error_of("/tmp", scratch.file("a"));
  CHECK(code == std::errc::is_a_directory);
  bool there = co_await fs::exists(scratch.file("a"));
  CHECK_FALSE(there);

  co_await fs::write_file(scratch.file("a"), "kept");
  code = co_await error_of(scratch.file("a"), scratch.file("a"));
  CHECK(code == std::errc::invalid_argument);
  std::string text = co_await fs::read_file(scratch.file("a"));
  CHECK(text == "kept");
}

COROUTINE_TEST_CASE("a copy to a full device fails and names it", "[io][fs][kernel]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await fs::write_file(scratch.file("a"), "x");
  std::error_code code = co_await error_of(scratch.file("a"), "/dev/full");
  CHECK(code == std::errc::no_space_on_device);
}

COROUTINE_TEST_CASE("a cancelled copy removes the target that it made", "[io][fs][kernel]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  // Endless: only the cancel ends it.
  bool cancelled = false;
  join_handle<void> copying = spawn([&]() -> task<> {
    try {
      co_await fs::copy("/dev/zero", scratch.file("zeros"));
    } catch (const operation_cancelled&) {
      cancelled = true;
    }
  });
  for (bool started = false; !started;) {
    started = co_await fs::exists(scratch.file("zeros"));
  }
  copying.cancel();
  co_await copying;
  CHECK(cancelled);
  bool there = co_await fs::exists(scratch.file("zeros"));
  CHECK_FALSE(there);
}

COROUTINE_TEST_CASE("holes of a file stay holes", "[io][fs][kernel]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  io::file file =
      co_await io::file::open(scratch.file("a"), io::open_mode::read_write | io::open_mode::create);
  const std::string block(8192, 'd');
  constexpr std::uint64_t far = std::uint64_t{1} << 30;
  co_await file.write_all_at(1 << 20, block);
  co_await file.write_all_at(far, block);
  co_await file.resize(far + (1 << 20) + 5);
  co_await fs::write_file(scratch.file("there"), std::string(100'000, 'o'));
  for (const char* target : {"new", "there"}) {
    const std::uint64_t size = co_await fs::copy(scratch.file("a"), scratch.file(target));
    CHECK(size == far + (1 << 20) + 5);
    io::file_stat found = co_await fs::stat(scratch.file(target));
    CHECK(found.size == size);
    CHECK(found.allocated < 1 << 20);
    io::file copy = co_await io::file::open(scratch.file(target));
    std::string read(8192 + 2, '?');
    const auto room = std::as_writable_bytes(std::span(read));
    for (const std::uint64_t at : {std::uint64_t{1} << 20, far}) {
      co_await copy.read_exact_at(at - 1, room);
      const bool same = read == std::string(1, '\0') + block + std::string(1, '\0');
      CHECK(same);
    }
  }
  // Nothing but a hole; and data to the end.
  co_await file.resize(0);
  co_await file.resize(1 << 20);
  std::uint64_t size = co_await fs::copy(scratch.file("a"), scratch.file("b"));
  CHECK(size == 1 << 20);
  co_await file.write_all_at((1 << 20) - 3, "end");
  size = co_await fs::copy(scratch.file("a"), scratch.file("b"));
  std::string text = co_await fs::read_file(scratch.file("b"));
  std::string expected((1 << 20) - 3, '\0');
  expected.append("end");
  CHECK((text == expected));
}
