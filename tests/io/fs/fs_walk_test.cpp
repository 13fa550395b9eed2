#include <lariat/io/fs/fs_walk.hpp>

#include <lariat/io/fs/fs_content.hpp>
#include <lariat/io/fs/fs_path.hpp>
#include <lariat/io/fs/fs_temp.hpp>
#include <lariat/io/fs/fs_tree.hpp>
#include <lariat/io/op/descriptor.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/task/yield.hpp>

#include "coroutine_test.hpp"

#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace lariat;
namespace fs = io::fs;

namespace {

// The paths that a walk yields, without the one that it began with.
task<std::vector<std::string>> collect(std::string root, fs::walk_options options) {
  auto entries = fs::walk(root, std::move(options));
  std::vector<std::string> paths;
  for (;;) {
    std::optional<fs::walk_entry> entry = co_await entries.next();
    if (!entry) co_return paths;
    std::string path = entry->path.substr(std::min(root.size() + 1, entry->path.size()));
    if (entry->error) path += " (" + entry->error.message() + ")";
    paths.push_back(path);
  }
}

std::set<std::string> as_set(const std::vector<std::string>& paths) {
  std::set<std::string> all(paths.begin(), paths.end());
  CHECK(all.size() == paths.size());  // None comes twice.
  return all;
}

task<> plant(const fs::temp_dir& scratch) {
  co_await fs::mkdir_all(scratch.file("a/b"));
  co_await fs::mkdir_all(scratch.file(".git/x"));
  co_await fs::write_file(scratch.file("f"), "");
  co_await fs::write_file(scratch.file("a/g"), "");
  co_await fs::write_file(scratch.file("a/b/h"), "");
}

}  // namespace

COROUTINE_TEST_CASE("entries gives each name once, with its type", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await plant(scratch);
  co_await fs::symlink("f", scratch.file("l"));
  auto names = fs::entries(scratch.path());
  std::set<std::pair<std::string, io::file_type>> found;
  for (;;) {
    std::optional<fs::dir_entry> name = co_await names.next();
    if (!name) break;
    CHECK(name->inode != 0);
    found.emplace(name->name, name->type);
  }
  CHECK(found == std::set<std::pair<std::string, io::file_type>>{{".git", io::file_type::directory},
                                                                 {"a", io::file_type::directory},
                                                                 {"f", io::file_type::regular},
                                                                 {"l", io::file_type::symlink}});
  std::optional<fs::dir_entry> after_the_end = co_await names.next();
  CHECK_FALSE(after_the_end.has_value());
}

COROUTINE_TEST_CASE("entries of a large directory come in several batches", "[io][fs][kernel]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  constexpr int count = 3000;
  for (int i = 0; i < count; ++i) {
    const io::descriptor made(
        ::creat(scratch.file("a-rather-long-name-" + std::to_string(i)).c_str(), 0600));
    REQUIRE(made.is_open());
  }
  auto names = fs::entries(scratch.path());
  std::set<std::string> found;
  for (;;) {
    std::optional<fs::dir_entry> name = co_await names.next();
    if (!name) break;
    found.insert(name->name);
  }
  CHECK(found.size() == count);
}

COROUTINE_TEST_CASE("entries of what is no directory fail and name it", "[io][fs][kernel]") {
  auto missing = fs::entries("/no/such");
  std::string text;
  try {
    std::optional<fs::dir_entry> name = co_await missing.next();
  } catch (const std::system_error& error) {
    text = error.what();
  }
  CHECK(text == "open /no/such: No such file or directory");
  auto file = fs::entries("/dev/null");
  try {
    std::optional<fs::dir_entry> name = co_await file.next();
  } catch (const std::system_error& error) {
    text = error.what();
  }
  CHECK(text == "open /dev/null: Not a directory");
}

COROUTINE_TEST_CASE("a walk visits everything below, directories first", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await plant(scratch);
  std::vector<std::string> paths = co_await collect(scratch.path(), fs::walk_options());
  CHECK(as_set(paths) == std::set<std::string>{".git", ".git/x", "a", "a/b", "a/b/h", "a/g", "f"});
  const auto place = [&](const char* path) { return std::find(paths.begin(), paths.end(), path); };
  CHECK(place("a") < place("a/b"));
  CHECK(place("a/b") < place("a/b/h"));
}

COROUTINE_TEST_CASE("a walk leaves out what is excluded and what is too deep", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await plant(scratch);
  fs::walk_options options;
  options.exclude = {".git"};
  options.depth_max = 2;
  std::vector<std::string> paths = co_await collect(scratch.path(), std::move(options));
  CHECK(as_set(paths) == std::set<std::string>{"a", "a/b", "a/g", "f"});
}

COROUTINE_TEST_CASE("a walk follows symbolic links only when asked, and never in circles",
                    "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await fs::mkdir_all(scratch.file("outside"));
  co_await fs::write_file(scratch.file("outside/o"), "");
  co_await fs::mkdir_all(scratch.file("t/d"));
  const std::string root = scratch.file("t");
  co_await fs::symlink("../..", scratch.file("t/d/up"));
  co_await fs::symlink("../outside", scratch.file("t/out"));
  co_await fs::symlink("nowhere", scratch.file("t/broken"));

  std::vector<std::string> paths = co_await collect(root, fs::walk_options());
  CHECK(as_set(paths) == std::set<std::string>{"broken", "d", "d/up", "out"});

  fs::walk_options following;
  following.follow_symlinks = true;
  paths = co_await collect(root, std::move(following));
  std::set<std::string> found = as_set(paths);
  // "outside" is reached by one of its two ways.
  CHECK((found.contains("out/o") != found.contains("d/up/outside/o")));
  CHECK(found.contains("d/up/t"));
  CHECK_FALSE(found.contains("d/up/t/d"));
}

COROUTINE_TEST_CASE("a directory that cannot be read is reported, skipped or fatal", "[io][fs]") {
  fs::walk_options options;
  std::vector<std::string> paths = co_await collect("/no/such", options);
  CHECK(paths == std::vector<std::string>{" (No such file or directory)"});
  options.on_error = fs::on_walk_error::skip;
  paths = co_await collect("/no/such", options);
  CHECK(paths.empty());
  options.on_error = fs::on_walk_error::fail;
  bool failed = false;
  try {
    paths = co_await collect("/no/such", options);
  } catch (const std::system_error& error) {
    failed = error.code() == std::errc::no_such_file_or_directory;
  }
  CHECK(failed);
}

COROUTINE_TEST_CASE("a walk that is dropped or cancelled leaves nothing behind", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await plant(scratch);
  {
    auto dropped = fs::walk(scratch.path());
    std::optional<fs::walk_entry> first = co_await dropped.next();
    CHECK(first.has_value());
  }
  bool cancelled = false;
  join_handle<void> self;
  self = spawn([&]() -> task<> {
    auto walk = fs::walk(scratch.path());
    self.cancel();
    try {
      std::optional<fs::walk_entry> entry = co_await walk.next();
    } catch (const operation_cancelled&) {
      cancelled = true;
    }
  });
  co_await self;
  CHECK(cancelled);
}
