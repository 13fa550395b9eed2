#include <lariat/io/fs/fs_content.hpp>

#include <lariat/io/fs/fs_path.hpp>
#include <lariat/io/fs/fs_temp.hpp>
#include <lariat/io/fs/fs_walk.hpp>
#include <lariat/io/op/descriptor.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/task/yield.hpp>

#include "child_process.hpp"
#include "coroutine_test.hpp"
#include "count_allocations.hpp"
#include "io/error_of.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <system_error>
#include <vector>

using namespace lariat;
namespace fs = io::fs;

namespace {

task<int> count_names(std::string path) {
  auto names = fs::entries(path);
  int count = 0;
  for (;;) {
    auto name = co_await names.next();
    if (!name) co_return count;
    ++count;
  }
}

}  // namespace

COROUTINE_TEST_CASE("a file is written and read whole", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  const std::string path = scratch.file("a");
  co_await fs::write_file(path, "hello");
  std::string text = co_await fs::read_file(path);
  CHECK(text == "hello");
  co_await fs::write_file(path, "bye");
  co_await fs::append_file(path, "!");
  std::vector<std::byte> bytes = co_await fs::read_bytes(path);
  CHECK(bytes.size() == 4);
  co_await fs::write_file(path, "");
  text = co_await fs::read_file(path);
  CHECK(text.empty());
}

COROUTINE_TEST_CASE("large contents survive", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  std::string content(3'000'001, 'x');
  for (std::size_t i = 0; i < content.size(); i += 1000) content[i] = static_cast<char>(i / 1000);
  co_await fs::write_file(scratch.file("a"), content);
  std::string text = co_await fs::read_file(scratch.file("a"));
  CHECK((text == content));
}

COROUTINE_TEST_CASE("files of /proc, which claim to be empty, are read", "[io][fs][kernel]") {
  std::string status = co_await fs::read_file("/proc/self/status");
  CHECK(status.find("Pid:") != status.npos);
  CHECK(status.ends_with('\n'));
}

COROUTINE_TEST_CASE("a file that grows while it is read is read to its end", "[io][fs][kernel]") {
  // A FIFO claims to be empty, and grows while its writer is open.
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  const std::string path = scratch.file("fifo");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  join_handle<void> writer =
      spawn([&]() -> task<> { co_await fs::append_file(path, std::string(200'000, 'y')); });
  std::string text = co_await fs::read_file(path);
  co_await writer;
  CHECK((text == std::string(200'000, 'y')));
}

COROUTINE_TEST_CASE("reading fails by errors that name the path", "[io][fs]") {
  std::string text;
  try {
    co_await fs::read_file("/no/such/file");
  } catch (const std::system_error& error) {
    text = error.what();
  }
  CHECK(text == "open /no/such/file: No such file or directory");
  try {
    co_await fs::read_file("/tmp");
  } catch (const std::system_error& error) {
    text = error.what();
  }
  CHECK(text.find("(/tmp): Is a directory") != text.npos);
}

COROUTINE_TEST_CASE("writing to a full device fails", "[io][fs][kernel]") {
  std::error_code code = co_await error_of(fs::write_file("/dev/full", "x"));
  CHECK(code == std::errc::no_space_on_device);
}

COROUTINE_TEST_CASE("new files get the permissions that were asked for", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  co_await fs::write_file(scratch.file("a"), "x", 0600);
  co_await fs::write_file_durable(scratch.file("b"), "x", 0600);
  io::file_stat a = co_await fs::stat(scratch.file("a"));
  io::file_stat b = co_await fs::stat(scratch.file("b"));
  CHECK(a.permissions == 0600);
  CHECK(b.permissions == 0600);
}

COROUTINE_TEST_CASE("a durable write replaces the content and leaves no temporary file",
                    "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  const std::string path = scratch.file("a");
  co_await fs::write_file_durable(path, "one");
  co_await fs::write_file_durable(path, "two");
  std::string text = co_await fs::read_file(path);
  CHECK(text == "two");
  int names = co_await count_names(scratch.path());
  CHECK(names == 1);
}

COROUTINE_TEST_CASE("a durable write to a bare name goes to the working directory",
                    "[io][fs][kernel]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  const io::descriptor before(::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(::chdir(scratch.path().c_str()) == 0);
  std::error_code code = co_await error_of(fs::write_file_durable("a", "here"));
  REQUIRE(::fchdir(before.native_handle()) == 0);
  CHECK_FALSE(code);
  std::string text = co_await fs::read_file(scratch.file("a"));
  CHECK(text == "here");
}

COROUTINE_TEST_CASE("a durable write that fails leaves the old content and no temporary file",
                    "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  // The rename fails: the target is a directory.
  co_await fs::mkdir(scratch.file("a"));
  std::error_code code = co_await error_of(fs::write_file_durable(scratch.file("a"), "x"));
  CHECK(code == std::errc::is_a_directory);
  int names = co_await count_names(scratch.path());
  CHECK(names == 1);
}

COROUTINE_TEST_CASE("a durable write that is cancelled leaves the old or the new content only",
                    "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  const std::string path = scratch.file("a");
  const std::string content(100'000, 'n');
  for (int turns = 0; turns < 60; ++turns) {
    co_await fs::write_file(path, "old");
    join_handle<void> writer =
        spawn([&]() -> task<> { co_await fs::write_file_durable(path, content); });
    co_await yield();
    for (int i = 0; i < turns * 20; ++i) co_await yield();
    writer.cancel();
    auto ended = co_await as_result(writer);
    // In the first round it stands in its first operation, so the cancel cannot come too late.
    CHECK((ended.cancelled() || (turns > 0 && ended.has_value())));
    std::string text = co_await fs::read_file(path);
    CHECK((text == "old" || text == content));
    int names = co_await count_names(scratch.path());
    CHECK(names == 1);
  }
}

COROUTINE_TEST_CASE("appending writers do not overwrite each other", "[io][fs]") {
  fs::temp_dir scratch = co_await fs::temp_dir::create();
  const std::string path = scratch.file("log");
  std::vector<join_handle<void>> writers;
  for (int i = 0; i < 20; ++i) {
    writers.push_back(spawn([&]() -> task<> { co_await fs::append_file(path, "0123456789"); }));
  }
  for (join_handle<void>& each : writers) co_await each;
  std::string text = co_await fs::read_file(path);
  CHECK(text.size() == 200);
}

#if COUNT_ALLOCATIONS  // The sanitizers need the address space.
TEST_CASE("a file that is larger than memory is an error that names it", "[io][fs][kernel]") {
  child_process child([] {
    const rlimit limit{std::uint64_t{4} << 30, std::uint64_t{4} << 30};
    ::setrlimit(RLIMIT_AS, &limit);
    std::string path = "/tmp/lariat-XXXXXX";
    const io::descriptor made(::mkstemp(path.data()));
    if (::ftruncate(made.native_handle(), off_t{8} << 40) != 0) return 77;
    run_on_fresh_loop([&]() -> task<> {
      try {
        co_await fs::read_file(path);
      } catch (const std::system_error& failure) {
        say("%d %s\n", failure.code() == std::errc::not_enough_memory, failure.what());
      }
    });
    ::unlink(path.c_str());
    return 0;
  });
  if (child.status() == 77) return;  // The file system has no such files.
  CHECK(child.output().starts_with("1 read /tmp/lariat-"));
  CHECK(child.status() == 0);
}
#endif
