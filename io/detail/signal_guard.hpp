#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <signal.h>
#include <time.h>

#include <cerrno>
#include <initializer_list>

namespace lariat::io::detail {

/// Keeps signals that a system call raises for its own thread, SIGPIPE and SIGXFSZ, from having any
/// effect: the call's errno tells the same. What the process does about them is not touched.
class signal_guard {
 public:
  explicit signal_guard(std::initializer_list<int> signals) noexcept {
    sigset_t pending;
    ::sigpending(&pending);
    ::sigemptyset(&raised_);
    sigset_t all;
    ::sigemptyset(&all);
    for (const int each : signals) {
      ::sigaddset(&all, each);
      // One that waits for somebody already stays his.
      if (::sigismember(&pending, each) == 0) ::sigaddset(&raised_, each);
    }
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  signal_guard(const signal_guard&) = delete;
  signal_guard& operator=(const signal_guard&) = delete;
  ~signal_guard() {
    const int error = errno;
    const timespec now{};
    while (::sigtimedwait(&raised_, nullptr, &now) > 0 || errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }

 private:
  sigset_t before_;
  sigset_t raised_;
};

}  // namespace lariat::io::detail
