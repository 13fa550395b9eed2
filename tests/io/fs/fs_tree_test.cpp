#include <lariat/io/fs/fs_tree.hpp>

#include <lariat/io/fs/fs_content.hpp>
#include <lariat/io/fs/fs_path.hpp>
#include <lariat/io/fs/fs_temp.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/task/yield.hpp>

#include "coroutine_test.hpp"
#include "io/error_of.hpp"

#include <cstdint>
#include <string>
#include <system_error>

using namespace lariat;
namespace fs = io::fs;

COROUTINE_TEST_CASE("mkdir_all makes what is missing, and nothing else", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  const std::string path = scratch.file("a/b//c/");
  co_await fs::mkdir_all(path);
  io::file_stat found = co_await fs::stat(path);
  CHECK(found.is_directory());
  co_await fs::mkdir_all(path);
  co_await fs::mkdir_all(scratch.file("a/d"));
  co_await fs::mkdir_all("/");
  co_await fs::mkdir_all(".");
}

COROUTINE_TEST_CASE("mkdir_all fails where a file is in the way", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await fs::write_file(scratch.file("a"), "");
  std::error_code itself = co_await error_of(fs::mkdir_all(scratch.file("a")));
  CHECK(itself == std::errc::file_exists);
  std::error_code above = co_await error_of(fs::mkdir_all(scratch.file("a/b/c")));
  CHECK(above == std::errc::not_a_directory);
  std::error_code empty = co_await error_of(fs::mkdir_all(""));
  CHECK(empty == std::errc::no_such_file_or_directory);
}

COROUTINE_TEST_CASE("remove_all removes a tree and counts its names", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await fs::mkdir_all(scratch.file("t/a/b"));
  co_await fs::mkdir_all(scratch.file("t/c"));
  co_await fs::write_file(scratch.file("t/a/b/f"), "x");
  co_await fs::write_file(scratch.file("t/c/g"), "x");
  std::uint64_t removed = co_await fs::remove_all(scratch.file("t"));
  CHECK(removed == 6);
  bool there = co_await fs::exists(scratch.file("t"));
  CHECK_FALSE(there);
  removed = co_await fs::remove_all(scratch.file("t"));
  CHECK(removed == 0);
  co_await fs::write_file(scratch.file("f"), "x");
  removed = co_await fs::remove_all(scratch.file("f"));
  CHECK(removed == 1);
}

COROUTINE_TEST_CASE("remove_all removes symbolic links, not what they lead to", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await fs::mkdir_all(scratch.file("kept"));
  co_await fs::write_file(scratch.file("kept/f"), "x");
  co_await fs::mkdir(scratch.file("t"));
  co_await fs::symlink("../kept", scratch.file("t/link"));
  co_await fs::remove_all(scratch.file("t"));
  bool there = co_await fs::exists(scratch.file("kept/f"));
  CHECK(there);
  co_await fs::symlink("kept", scratch.file("link"));
  co_await fs::remove_all(scratch.file("link"));
  there = co_await fs::exists(scratch.file("kept/f"));
  CHECK(there);
}

COROUTINE_TEST_CASE("a temporary directory goes with its owner", "[io][fs]") {
  std::string path;
  {
    fs::temp_dir scratch = co_await fs::temp_dir::create();
    path = scratch.path();
    co_await fs::mkdir_all(scratch.file("a/b"));
    io::file_stat found = co_await fs::stat(path);
    CHECK(found.permissions == 0700);
  }
  bool there = co_await fs::exists(path);
  CHECK_FALSE(there);

  fs::temp_dir first = co_await fs::temp_dir::create();
  fs::temp_dir second = co_await fs::temp_dir::create(first.path());
  CHECK(second.path().starts_with(first.path() + "/"));
  co_await second.remove();
  CHECK(second.path().empty());
  path = first.release();
  co_await fs::remove(path);  // Empty, and nobody else's any more.
  std::error_code code;
  try {
    fs::temp_dir nowhere = co_await fs::temp_dir::create("/no/such/directory");
  } catch (const std::system_error& error) {
    code = error.code();
  }
  CHECK(code == std::errc::no_such_file_or_directory);
}
