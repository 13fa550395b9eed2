#include <lariat/io/fs/fs_path.hpp>

#include <lariat/io/fs/fs_content.hpp>
#include <lariat/io/fs/fs_temp.hpp>
#include <lariat/sched/cancel/cancelled.hpp>

#include "coroutine_test.hpp"
#include "io/error_of.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <system_error>

using namespace lariat;
namespace fs = io::fs;

COROUTINE_TEST_CASE("stat follows a symbolic link and lstat does not", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await fs::write_file(scratch.file("a"), "abc");
  co_await fs::symlink("a", scratch.file("link"));
  io::file_stat through = co_await fs::stat(scratch.file("link"));
  io::file_stat itself = co_await fs::lstat(scratch.file("link"));
  CHECK(through.is_regular());
  CHECK(through.size == 3);
  CHECK(itself.is_symlink());
  std::string target = co_await fs::readlink(scratch.file("link"));
  CHECK(target == "a");
  std::string real = co_await fs::realpath(scratch.file("link"));
  CHECK(real.ends_with("/a"));
}

COROUTINE_TEST_CASE("errors name the operation and both paths", "[io][fs]") {
  std::string text;
  try {
    co_await fs::rename("/no/such/a", "/no/such/b");
  } catch (const std::system_error& error) {
    text = error.what();
  }
  CHECK(text == "rename /no/such/a to /no/such/b: No such file or directory");
  try {
    co_await fs::stat("/no/such/a");
  } catch (const std::system_error& error) {
    text = error.what();
  }
  CHECK(text == "stat /no/such/a: No such file or directory");
  try {
    co_await fs::readlink("/tmp");
  } catch (const std::system_error& error) {
    text = error.what();
  }
  CHECK(text == "readlink /tmp: Invalid argument");
}

COROUTINE_TEST_CASE("exists tells missing from unreachable", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await fs::write_file(scratch.file("a"), "");
  bool there = co_await fs::exists(scratch.file("a"));
  bool missing = co_await fs::exists(scratch.file("b"));
  bool below_a_file = co_await fs::exists(scratch.file("a/b"));
  CHECK(there);
  CHECK_FALSE(missing);
  CHECK_FALSE(below_a_file);

  co_await fs::symlink("loop", scratch.file("loop"));
  result<bool> loop = co_await as_result(fs::exists(scratch.file("loop")));
  CHECK(loop.error == std::errc::too_many_symbolic_link_levels);
  result<bool> nul = co_await as_result(fs::exists(std::string_view("/tmp\0x", 6)));
  CHECK(nul.error == std::errc::invalid_argument);
}

COROUTINE_TEST_CASE("rename, link and remove change the directory", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await fs::write_file(scratch.file("a"), "abc");
  co_await fs::link(scratch.file("a"), scratch.file("b"));
  io::file_stat found = co_await fs::stat(scratch.file("b"));
  CHECK(found.links == 2);
  co_await fs::rename(scratch.file("a"), scratch.file("c"));
  bool gone = !co_await fs::exists(scratch.file("a"));
  CHECK(gone);
  co_await fs::remove(scratch.file("c"));
  found = co_await fs::stat(scratch.file("b"));
  CHECK(found.links == 1);
  result<void> missing = co_await as_result(fs::remove(scratch.file("c")));
  CHECK(missing.error == std::errc::no_such_file_or_directory);
}

COROUTINE_TEST_CASE("remove takes an empty directory, and no other", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await fs::mkdir(scratch.file("d"));
  result<void> again = co_await as_result(fs::mkdir(scratch.file("d")));
  CHECK(again.error == std::errc::file_exists);
  co_await fs::write_file(scratch.file("d/a"), "");
  result<void> full = co_await as_result(fs::remove(scratch.file("d")));
  CHECK(full.error == std::errc::directory_not_empty);
  co_await fs::remove(scratch.file("d/a"));
  co_await fs::remove(scratch.file("d"));
  bool there = co_await fs::exists(scratch.file("d"));
  CHECK_FALSE(there);
}

COROUTINE_TEST_CASE("resize and chmod change the file", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  const std::string path = scratch.file("a");
  co_await fs::write_file(path, "abcdef");
  co_await fs::resize(path, 3);
  co_await fs::chmod(path, 0400);
  io::file_stat found = co_await fs::stat(path);
  CHECK(found.size == 3);
  CHECK(found.permissions == 0400);
  std::error_code missing = co_await error_of(fs::resize(scratch.file("b"), 1));
  CHECK(missing == std::errc::no_such_file_or_directory);
}

COROUTINE_TEST_CASE("access says what a file does not allow", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  const std::string path = scratch.file("a");
  co_await fs::write_file(path, "", 0600);
  co_await fs::access(path, fs::access_mode::read | fs::access_mode::write);
  std::error_code code = co_await error_of(fs::access(path, fs::access_mode::execute));
  CHECK(code == std::errc::permission_denied);
  code = co_await error_of(fs::access(scratch.file("b"), fs::access_mode::exists));
  CHECK(code == std::errc::no_such_file_or_directory);
}

TEST_CASE("a user without the permission is refused, with the path", "[io][fs]") {
  // In a child, as root may open anything.
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (::getuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(2);
    int status = 3;
    run_on_fresh_loop([&]() -> task<> {
      try {
        std::string secret = co_await fs::read_file("/etc/shadow");
        status = 4;
      } catch (const std::system_error& error) {
        const std::string text = error.what();
        status = text == "open /etc/shadow: Permission denied" ? 0 : 5;
      }
    });
    ::_exit(status);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

COROUTINE_TEST_CASE("a task that is cancelled already changes nothing", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  std::error_code code;
  join_handle<void> self;
  self = spawn([&]() -> task<> {
    self.cancel();
    result<void> made = co_await as_result(fs::mkdir(scratch.file("d")));
    code = made.error;
  });
  co_await self;
  CHECK(code == std::errc::operation_canceled);
  bool there = co_await fs::exists(scratch.file("d"));
  CHECK_FALSE(there);
}
