#include "no_descriptors_left.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace {

std::atomic<bool> none_left = false;  // Every thread of the program calls what is below.

// The lowest limit at which no descriptor is left, restored at the end.
class lowered_limit {
 public:
  lowered_limit() noexcept {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    none.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  lowered_limit(const lowered_limit&) = delete;
  lowered_limit& operator=(const lowered_limit&) = delete;
  ~lowered_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// The call, and what it leaves in errno.
template <class... Args>
long call(long number, Args... args) noexcept {
  if (!none_left) return ::syscall(number, args...);
  long result;
  int error;
  {
    const lowered_limit limit;
    result = ::syscall(number, args...);
    error = errno;
  }
  errno = error;
  return result;
}

}  // namespace

no_descriptors_left::no_descriptors_left() noexcept { none_left = true; }

no_descriptors_left::~no_descriptors_left() { none_left = false; }

// In an executable these take the place of the C library's and of liburing's.
extern "C" {

int socket(int domain, int type, int protocol) noexcept {
  return static_cast<int>(call(SYS_socket, domain, type, protocol));
}

// The kernel looks at the limit when it takes an accept from the ring.
int io_uring_enter2(unsigned fd, unsigned to_submit, unsigned min_complete, unsigned flags,
                    sigset_t* argument, std::size_t size) {
  const long result = call(SYS_io_uring_enter, fd, to_submit, min_complete, flags, argument, size);
  return result < 0 ? -errno : static_cast<int>(result);
}
}
