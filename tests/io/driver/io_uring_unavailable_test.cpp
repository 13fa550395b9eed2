#include <lariat/io/driver/io_uring_unavailable.hpp>

#include <lariat/io/driver/loop_driver.hpp>

#include "contains.hpp"
#include "coroutine_test.hpp"
#include "sanitizer.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <limits>
#include <string>

using namespace lariat;
using io::detail::explain_unavailable;
using io::detail::ring_obstacles;

namespace {

// What making a driver throws in a child process that has called `hinder`; "" if it succeeds.
template <class Hinder>
std::string failure_in_child(Hinder hinder) {
  int fds[2];
  REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::string text;
    if (!hinder()) {
      text = "cannot hinder";
    } else {
      try {
        io::loop_driver driver;
      } catch (const io::io_uring_unavailable& error) {
        text = std::to_string(error.code().value()) + " " + error.what();
      }
    }
    [[maybe_unused]] const ssize_t written = ::write(fds[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(fds[1]);
  std::string text(4096, '\0');
  const ssize_t length = ::read(fds[0], text.data(), text.size());
  ::close(fds[0]);
  ::waitpid(child, nullptr, 0);
  text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return text;
}

// Makes io_uring_setup fail with `error`, as a container's profile does.
bool forbid_by_seccomp(unsigned error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

bool limit_locked_memory(rlim_t bytes) {
  const rlimit limit{bytes, bytes};
  if (::setrlimit(RLIMIT_MEMLOCK, &limit) != 0) return false;
  // Root may lock what it likes.
  return ::getuid() != 0 || (::setgid(65534) == 0 && ::setuid(65534) == 0);
}

}  // namespace

TEST_CASE("a seccomp filter that says EPERM is named with its remedy", "[io][unavailable]") {
  const std::string text = failure_in_child([] { return forbid_by_seccomp(EPERM); });
  INFO(text);
  CHECK(text.starts_with(std::to_string(EPERM)));
  CHECK(contains(text, "seccomp filter"));
  CHECK(contains(text, "--security-opt"));
}

TEST_CASE("a seccomp filter that says ENOSYS is told apart from an old kernel",
          "[io][unavailable]") {
  const std::string text = failure_in_child([] { return forbid_by_seccomp(ENOSYS); });
  INFO(text);
  CHECK(text.starts_with(std::to_string(ENOSYS)));
  CHECK(contains(text, "seccomp"));
  CHECK(contains(text, "5.19"));
}

TEST_CASE("a memory limit that no ring fits in is named", "[io][unavailable]") {
  const std::string text = failure_in_child([] { return limit_locked_memory(0); });
  INFO(text);
  // Kernels from 5.12 to 6.13 do not charge rings to the limit: then it simply works.
  if (text.empty()) return;
  CHECK(text.starts_with(std::to_string(ENOMEM)));
  CHECK(contains(text, "0 KiB (RLIMIT_MEMLOCK)"));
  CHECK(contains(text, "ulimit -l"));
}

#if !UNDER_UNDEFINED_SANITIZER
// UBSan looks at objects through a pipe of its own, so without descriptors all are wrong to it.
TEST_CASE("too few descriptors are named with io_uring and the remedy", "[io][unavailable]") {
  for (const rlim_t free : {0, 1}) {
    const std::string text = failure_in_child([&] {
      const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
      ::close(next);
      const rlimit limit{static_cast<rlim_t>(next) + free, static_cast<rlim_t>(next) + free};
      return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
    });
    CHECK(contains(text, "io_uring is not available"));
    CHECK(contains(text, "ulimit -n"));
  }
}
#endif

TEST_CASE("a small memory limit makes smaller queues, not a failure", "[io][unavailable][kernel]") {
  // Too little for the default sizes, enough for some.
  const std::string text = failure_in_child([] { return limit_locked_memory(48 * 1024); });
  CHECK(text.empty());
}

TEST_CASE("the sysctl that switches io_uring off is named with its value", "[io][unavailable]") {
  ring_obstacles found;
  found.sysctl = 2;
  CHECK(contains(explain_unavailable(EPERM, found), "kernel.io_uring_disabled=2"));
  found.sysctl = 1;
  CHECK(contains(explain_unavailable(EPERM, found), "io_uring_group"));
  // Zero allows it, so something else refused.
  found.sysctl = 0;
  CHECK_FALSE(contains(explain_unavailable(EPERM, found), "io_uring_disabled"));
}

TEST_CASE("an old kernel and an exhausted one are named", "[io][unavailable]") {
  ring_obstacles found;
  CHECK(contains(explain_unavailable(ENOSYS, found), "the kernel has none"));
  CHECK(contains(explain_unavailable(EINVAL, found), "5.19"));
  CHECK(contains(explain_unavailable(EMFILE, found), "ulimit -n"));
  found.memlock = std::numeric_limits<unsigned long long>::max();
  CHECK(contains(explain_unavailable(ENOMEM, found), "out of memory"));
}

TEST_CASE("the obstacles of a process are read", "[io][unavailable]") {
  const ring_obstacles found = ring_obstacles::of_this_process();
  CHECK(found.sysctl >= -1);
  CHECK(found.sysctl <= 2);
}
