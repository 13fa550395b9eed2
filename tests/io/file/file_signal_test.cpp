#include <lariat/io/file/file.hpp>
#include <lariat/io/fs/fs_content.hpp>
#include <lariat/io/fs/fs_copy.hpp>
#include <lariat/io/fs/fs_path.hpp>
#include <lariat/runtime/run/run.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/yield.hpp>

#include "child_process.hpp"
#include "coroutine_test.hpp"
#include "io/error_of.hpp"
#include "io/old_kernel.hpp"
#include "io/pipe_ends.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

// A write that fails raises no signal, and nothing is done to the process for that. In a process of
// its own, which a signal would kill.

using namespace lariat;
using io::open_mode;

namespace {

void say_error(const char* what, const auto& ended) { say("%s: %d\n", what, ended.error.value()); }

task<> write_without_reader(io::file output) {
  const io::const_buffer list[] = {"one", "two"};
  result<std::size_t> ended = co_await as_result(output.write_some("x"));
  say_error("write_some", ended);
  ended = co_await as_result(output.write_all("x"));
  say_error("write_all", ended);
  ended = co_await as_result(output.writev_all(list));
  say_error("writev_all", ended);
}

task<> write_until_reader_goes(pipe_ends ends) {
  io::file output{std::move(ends.write)};
  const std::string text(1 << 20, 'x');
  join_handle<result<std::size_t>> writer = spawn([&]() -> task<result<std::size_t>> {
    const result<std::size_t> ended = co_await as_result(output.write_all(text));
    co_return ended;
  });
  io::file input{std::move(ends.read)};
  std::byte first[1];
  co_await input.read_exact(first);
  co_await yield();  // The pipe is full now, and the write waits.
  input = io::file();
  const result<std::size_t> ended = co_await writer;
  say_error("write_all that waits", ended);
}

task<> write_to_all_kinds() {
  pipe_ends ends;
  ends.read = io::descriptor();
  co_await write_without_reader(io::file(std::move(ends.write)));
  int pair[2];
  ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
  ::close(pair[0]);
  co_await write_without_reader(io::file(io::descriptor(pair[1])));
  co_await write_until_reader_goes(pipe_ends());
}

// Whether the signal has its meaning still: it kills.
int die_by(int signal) {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  sigset_t pending;
  ::sigpending(&pending);
  struct sigaction action;
  ::sigaction(signal, nullptr, &action);
  say("%s\n", ::sigismember(&mask, signal) == 0 && ::sigismember(&pending, signal) == 0 &&
                      action.sa_handler == SIG_DFL
                  ? "untouched"
                  : "touched");
  ::raise(signal);
  return 0;
}

template <class Driver>
void check_pipes() {
  child_process child([] {
    run_on_fresh_loop<Driver>(write_to_all_kinds);
    return die_by(SIGPIPE);
  });
  CHECK(child.output() ==
        "write_some: 32\nwrite_all: 32\nwritev_all: 32\n"
        "write_some: 32\nwrite_all: 32\nwritev_all: 32\n"
        "write_all that waits: 32\nuntouched\n");
  CHECK(child.status() == child_process::killed_by(SIGPIPE));
}

task<> exceed_the_limit(std::string directory) {
  constexpr std::size_t half = 64 * 1024;
  constexpr open_mode fresh = open_mode::read_write | open_mode::create | open_mode::truncate;
  const rlimit limit{half, RLIM_INFINITY};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  void* memory = ::mmap(nullptr, 2 * half, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const std::span<const std::byte> bytes(static_cast<const std::byte*>(memory), 2 * half);
  for (const open_mode more : {open_mode{}, open_mode::direct}) {
    auto opened = co_await as_result(io::file::open(directory + "/a", fresh | more));
    if (opened.error.value() == EINVAL) {  // No O_DIRECT on this file system.
      say("not direct\n");
      break;
    }
    io::file& file = opened.value;
    result<std::size_t> ended = co_await as_result(file.write_all(bytes));
    say("write_all: %d after %zu\n", ended.error.value(), ended.value);
    ended = co_await as_result(file.write_at(half, bytes));
    say_error("write_at", ended);
    const result<void> resized = co_await as_result(file.resize(2 * half));
    say_error("resize", resized);
  }
  ::munmap(memory, 2 * half);
}

task<> copy_to(std::string fifo) { co_await io::fs::copy("/dev/zero", fifo); }

class scratch_directory {
 public:
  scratch_directory() { REQUIRE(::mkdtemp(path_.data()) != nullptr); }
  scratch_directory(const scratch_directory&) = delete;
  ~scratch_directory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_ = "/tmp/lariat-XXXXXX";
};

template <class Driver>
void check_limit(const std::string& directory) {
  child_process child([&] {
    run_on_fresh_loop<Driver>([&]() -> task<> { co_await exceed_the_limit(directory); });
    return die_by(SIGXFSZ);
  });
  const std::string each = "write_all: 27 after 65536\nwrite_at: 27\nresize: 27\n";
  const bool whole = child.output() == each + each + "untouched\n";
  CHECK((whole || child.output() == each + "not direct\nuntouched\n"));
  CHECK(child.status() == child_process::killed_by(SIGXFSZ));
}

}  // namespace

TEST_CASE("a write to a pipe without a reader raises no SIGPIPE", "[io][file][kernel]") {
  check_pipes<io::loop_driver>();
}

TEST_CASE("nor does it where the kernel cannot be told so", "[io][file][kernel]") {
  check_pipes<old_kernel>();
  check_pipes<old_ring<1>>();
  check_pipes<old_ring<2>>();
}

TEST_CASE("a write beyond the limit of a file's size raises no SIGXFSZ", "[io][file][kernel]") {
  const scratch_directory scratch;
  check_limit<io::loop_driver>(scratch.path());
  check_limit<old_kernel>(scratch.path());
}

TEST_CASE("nor does fs::resize, on a thread", "[io][fs][kernel]") {
  if (!children_may_have_threads) return;
  const scratch_directory scratch;
  child_process child([&] {
    const std::string path = scratch.path() + "/a";
    const rlimit limit{1000, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto body = [&]() -> task<> {
      co_await io::fs::write_file(path, "text");
      const std::error_code code = co_await error_of(io::fs::resize(path, 2000));
      say("%d\n", code.value());
    };
    run(body());
    return die_by(SIGXFSZ);
  });
  CHECK(child.output() == "27\nuntouched\n");
  CHECK(child.status() == child_process::killed_by(SIGXFSZ));
}

TEST_CASE("nor does a copy into a FIFO whose reader goes", "[io][fs][kernel]") {
  if (!children_may_have_threads) return;
  const scratch_directory scratch;
  child_process child([&] {
    const std::string fifo = scratch.path() + "/fifo";
    ::mkfifo(fifo.c_str(), 0600);
    auto body = [&]() -> task<> {
      io::descriptor reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
      join_handle<std::error_code> copying = spawn([&]() -> task<std::error_code> {
        const std::error_code code = co_await error_of(copy_to(fifo));
        co_return code;
      });
      char buffer[1];
      while (::read(reader.native_handle(), buffer, 1) != 1) co_await yield();
      reader = io::descriptor();
      const std::error_code code = co_await copying;
      say("%d\n", code.value());
    };
    run(body());
    return die_by(SIGPIPE);
  });
  CHECK(child.output() == "32\nuntouched\n");
  CHECK(child.status() == child_process::killed_by(SIGPIPE));
}
