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
    sigset_t before;
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    ::sigemptyset(&added_);
    for (const int each : signals) {
      if (::sigismember(&before, each) == 0) ::sigaddset(&added_, each);
    }
  }
  signal_guard(const signal_guard&) = delete;
  signal_guard& operator=(const signal_guard&) = delete;
  ~signal_guard() {
    const int error = errno;
    const timespec now{};
    while (::sigtimedwait(&raised_, nullptr, &now) > 0 || errno == EINTR) {
    }
    // No more than that: the thread may have changed its mask meanwhile.
    ::pthread_sigmask(SIG_UNBLOCK, &added_, nullptr);
    errno = error;
  }

 private:
  sigset_t added_;
  sigset_t raised_;
};

}  // namespace lariat::io::detail
