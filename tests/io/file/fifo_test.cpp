#include <lariat/io/file/file.hpp>

#include <lariat/io/fs/fs_content.hpp>
#include <lariat/io/fs/fs_temp.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/yield.hpp>
#include <lariat/sched/time/timeout.hpp>

#include "child_process.hpp"
#include "coroutine_test.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

using namespace lariat;
using io::open_mode;

namespace {

std::string make_fifo(const io::fs::temp_dir& scratch, const std::string& name) {
  const std::string path = scratch.file(name);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  return path;
}

}  // namespace

COROUTINE_TEST_CASE("a FIFO opened for writing waits for a reader", "[io][file][kernel]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  const std::string path = make_fifo(scratch, "fifo");
  bool opened = false;
  join_handle<void> writer = spawn([&]() -> task<> {
    io::file output = co_await io::file::open(path, open_mode::write);
    opened = true;
    co_await output.write_all("hello");
  });
  // The loop goes on meanwhile, and so do files.
  co_await io::fs::write_file(scratch.file("other"), "text");
  CHECK_FALSE(opened);
  io::file input = co_await io::file::open(path);
  std::array<std::byte, 8> buffer;
  std::size_t count = co_await input.read_some(buffer);
  CHECK(count == 5);
  co_await writer;
  count = co_await input.read_some(buffer);
  CHECK(count == 0);
}

TEST_CASE("an open that waits for a reader survives a stop", "[io][file][kernel]") {
  std::string path = "/tmp/lariat-XXXXXX";
  REQUIRE(::mkdtemp(path.data()) != nullptr);
  const std::string directory = path;
  path += "/fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  child_process child([&] {
    run_on_fresh_loop([&]() -> task<> {
      join_handle<void> writer = spawn([&]() -> task<> {
        io::file output = co_await io::file::open(path, open_mode::write);
        co_await output.write_all("hello");
      });
      // The open is submitted before.
      co_await io::fs::read_file("/proc/self/comm");
      say("waits\n");
      co_await writer;
    });
    return 0;
  });
  REQUIRE(child.await_output("waits"));
  for (int round = 0; round < 3; ++round) {
    int status = 0;
    child.send(SIGSTOP);
    REQUIRE(::waitpid(-1, &status, WUNTRACED) > 0);
    REQUIRE(WIFSTOPPED(status));
    child.send(SIGCONT);
    REQUIRE(::waitpid(-1, &status, WCONTINUED) > 0);
    REQUIRE(WIFCONTINUED(status));
  }
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  INFO(child.output());
  CHECK(child.status() == 0);
  ::close(reader);
  ::unlink(path.c_str());
  ::rmdir(directory.c_str());
}

COROUTINE_TEST_CASE("a FIFO is read when it has had a writer", "[io][file][kernel]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  const std::string path = make_fifo(scratch, "fifo");
  io::file input = co_await io::file::open(path);
  std::array<std::byte, 8> buffer;
  std::optional<std::size_t> none =
      co_await try_timeout(std::chrono::milliseconds(20), input.read_some(buffer));
  CHECK_FALSE(none.has_value());
  auto [count, open] =
      co_await when_all(input.read_some(buffer), io::fs::write_file(path, "hello"));
  CHECK(count == 5);
  count = co_await input.read_some(buffer);
  CHECK(count == 0);

  io::file exact = co_await io::file::open(path);
  std::span<std::byte> two = std::span(buffer).first(2);
  co_await when_all(exact.read_exact(two), io::fs::write_file(path, "ab"));
  CHECK(io::text_of(two) == "ab");
  // One that writes nothing was there, too.
  io::file idle = co_await io::file::open(path);
  co_await when_all(idle.read_some(buffer), io::fs::write_file(path, ""));
}

COROUTINE_TEST_CASE("waiting for a FIFO's other end is cancelled", "[io][file][kernel]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  const std::string path = make_fifo(scratch, "fifo");
  std::optional<io::file> opened =
      co_await try_timeout(std::chrono::milliseconds(20), io::file::open(path, open_mode::write));
  CHECK_FALSE(opened.has_value());
}

COROUTINE_TEST_CASE("FIFOs that wait do not keep files from the workers", "[io][file][kernel]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  constexpr int count = 50;  // More than there are workers.
  std::vector<join_handle<void>> writers;
  for (int i = 0; i < count; ++i) {
    const std::string path = make_fifo(scratch, std::to_string(i));
    writers.push_back(spawn([path]() -> task<> {
      io::file output = co_await io::file::open(path, open_mode::write);
      co_await output.write_all("x");
    }));
  }
  co_await io::fs::write_file(scratch.file("file"), "text");
  for (int i = 0; i < count; ++i) {
    const std::string text = co_await io::fs::read_file(scratch.file(std::to_string(i)));
    CHECK(text == "x");
  }
  for (join_handle<void>& each : writers) co_await each;
}

COROUTINE_TEST_CASE("what nobody will ever open fails at once", "[io][file][kernel]") {
  io::fs::temp_dir scratch = co_await io::fs::temp_dir::create();
  REQUIRE(::mknod(scratch.file("socket").c_str(), S_IFSOCK | 0600, 0) == 0);
  result<io::file> opened =
      co_await as_result(io::file::open(scratch.file("socket"), open_mode::write));
  CHECK(opened.error == std::errc::no_such_device_or_address);
}
