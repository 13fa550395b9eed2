#include <lariat/io/file/file.hpp>
#include <lariat/io/fs/fs_content.hpp>
#include <lariat/io/fs/fs_path.hpp>
#include <lariat/io/fs/fs_temp.hpp>
#include <lariat/io/stream/buffered_writer.hpp>

#include "child_process.hpp"
#include "coroutine_test.hpp"
#include "io/error_of.hpp"
#include "io/own_mounts.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

// What is left when a disk is full: in a process of its own, on a disk of 64 KiB if it may have
// one, and where no file may have more.

using namespace lariat;
namespace fs = io::fs;
using io::open_mode;

namespace {

constexpr std::size_t disk_bytes = 64 * 1024;
constexpr int no_disk = 77;

// A disk of that size in a mount namespace of this process.
bool mount_small_disk(const std::string& where) {
  if (!make_own_mounts()) return false;
  return ::mount("none", where.c_str(), "tmpfs", 0, "size=64k") == 0;
}

// A limit instead; what would raise SIGXFSZ must not kill.
bool limit_files(const std::string&) {
  const rlimit limit{disk_bytes, disk_bytes};
  return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

std::string long_text() {
  std::string text(200'000, '.');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i / 10'000);
  return text;
}

void say_if(bool right, const char* what) { say("%s: %s\n", what, right ? "right" : "wrong"); }

task<> expect_prefix(std::string path, std::string text, const char* what) {
  const std::string found = co_await fs::read_file(path);
  say_if(found.size() == disk_bytes && text.starts_with(found), what);
  co_await fs::remove(path);
}

task<> whole_files(std::string directory, int error) {
  const std::string path = directory + "/a";
  const std::string text = long_text();
  std::error_code code = co_await error_of(fs::write_file(path, text));
  say_if(code.value() == error, "write_file fails");
  co_await expect_prefix(path, text, "write_file leaves what there was room for");

  code = co_await error_of(fs::write_file_durable(path, text));
  say_if(code.value() == error, "write_file_durable fails");
  say_if(::access(path.c_str(), F_OK) != 0, "write_file_durable leaves nothing");

  co_await fs::write_file(path, "head ");
  code = co_await error_of(fs::append_file(path, text));
  say_if(code.value() == error, "append_file fails");
  co_await expect_prefix(path, "head " + text, "append_file leaves what there was room for");
}

task<> parts(std::string directory, int error) {
  const std::string path = directory + "/b";
  const std::string text = long_text();
  constexpr open_mode fresh = open_mode::read_write | open_mode::create | open_mode::truncate;
  io::file file = co_await io::file::open(path, fresh);
  const std::size_t first = co_await file.write_some(text);
  const result<std::size_t> second = co_await as_result(file.write_some(text));
  say_if(first == disk_bytes && second.error.value() == error, "write_some fails the second time");
  say_if(file.position() == disk_bytes, "the cursor is behind what is written");

  co_await file.resize(0);
  file.seek(0);
  const result<std::size_t> all = co_await as_result(file.write_all(text));
  say_if(all.error.value() == error && all.value == disk_bytes, "write_all counts with its error");
  say_if(file.position() == disk_bytes, "and leaves the cursor behind that");

  co_await file.resize(0);
  std::size_t written = 0;
  int thrown = 0;
  try {
    co_await file.write_all_at(10, text);
  } catch (const io::incomplete_write& failure) {
    written = failure.written();
    thrown = failure.code().value();
  }
  say_if(written == disk_bytes - 10 && thrown == error, "what is thrown counts too");
  file = io::file();
  co_await fs::remove(path);

  file = co_await io::file::open(path, fresh);
  const io::const_buffer list[] = {"head ", text, text};
  const result<std::size_t> gathered = co_await as_result(file.writev_all(list));
  say_if(gathered.error.value() == error && gathered.value == disk_bytes, "writev_all counts");
  co_await expect_prefix(path, "head " + text, "writev_all leaves what there was room for");
}

task<> buffered(std::string directory, int error) {
  const std::string path = directory + "/c";
  const std::string text = long_text();
  io::file file = co_await io::file::open(path, open_mode::write | open_mode::create);
  io::buffered_writer writer(file, 30'000);
  int thrown = 0;
  try {
    for (std::size_t at = 0; at < text.size(); at += 1000) {
      co_await writer.write(std::string_view(text).substr(at, 1000));
    }
  } catch (const std::system_error& failure) {
    thrown = failure.code().value();
  }
  say_if(thrown == error, "a buffered writer fails");
  co_await expect_prefix(path, text, "a buffered writer leaves what there was room for");
}

// Of a description that others share: the cursor is the kernel's.
task<> shared(std::string directory, int error, int more_flags, const char* what) {
  const std::string path = directory + "/d";
  const std::string text = long_text();
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | more_flags, 0600);
  io::file file{io::descriptor(::dup(fd))};
  say_if(::write(fd, "head ", 5) == 5, what);
  const result<std::size_t> all = co_await as_result(file.write_all(text));
  say_if(all.error.value() == error && all.value == disk_bytes - 5, what);
  say_if(::lseek(fd, 0, SEEK_CUR) == off_t{disk_bytes}, what);
  ::close(fd);
  co_await expect_prefix(path, "head " + text, what);
}

int on_full_disk(bool (*make)(const std::string&), int error) {
  std::string directory = "/tmp/lariat-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) return 1;
  const bool made = make(directory);
  if (made) {
    run_on_fresh_loop([&]() -> task<> {
      co_await whole_files(directory, error);
      co_await parts(directory, error);
      co_await buffered(directory, error);
      co_await shared(directory, error, 0, "a shared cursor");
      co_await shared(directory, error, O_APPEND, "a shared end");
    });
    ::umount(directory.c_str());
  }
  ::rmdir(directory.c_str());
  say("done\n");
  return made ? 0 : no_disk;
}

void check_all_right(child_process& child) {
  INFO(child.output());
  CHECK(child.output().find("done") != std::string::npos);
  CHECK(child.output().find("wrong") == std::string::npos);
  CHECK(child.output().find("threw") == std::string::npos);
  CHECK(child.status() == 0);
}

}  // namespace

TEST_CASE("nothing is lost on a full disk", "[io][file][fs][kernel]") {
  child_process child([] { return on_full_disk(mount_small_disk, ENOSPC); });
  if (child.status() == no_disk) {
    WARN("no disk to be had: this process may not mount one");
    return;
  }
  check_all_right(child);
}

TEST_CASE("nothing is lost at the limit of a file's size", "[io][file][fs][kernel]") {
  child_process child([] { return on_full_disk(limit_files, EFBIG); });
  check_all_right(child);
}
