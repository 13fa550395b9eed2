#pragma once

#include "sanitizer.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

/// printf that is seen at once, whatever was written before.
template <class... Values>
void say(const char* format, Values... values) {
  if constexpr (sizeof...(Values) == 0) {
    ::dprintf(STDOUT_FILENO, "%s", format);
  } else {
    ::dprintf(STDOUT_FILENO, format, values...);
  }
}

/// ThreadSanitizer ends a forked child that starts a thread, if its parent ever had one.
inline constexpr bool children_may_have_threads = !UNDER_THREAD_SANITIZER;

/// A function that runs in a process of its own, for what ends a process or changes it for good.
/// Its stdout and stderr are collected. It dies by SIGALRM after a minute rather than hang the
/// test.
class child_process {
 public:
  /// `body()` gives the exit status; an exception that it throws is printed, and makes that 99.
  /// \pre If `body` starts a thread, this process has no other, nor left an earlier test any:
  /// ThreadSanitizer would end the child.
  template <class Body>
  explicit child_process(Body body) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) std::abort();
    if (pid_ == 0) {
      ::close(ends[0]);
      ::dup2(ends[1], STDOUT_FILENO);
      ::dup2(ends[1], STDERR_FILENO);
      ::close(ends[1]);
      ::alarm(60);
      // Catch has handlers of its own.
      for (const int each : {SIGINT, SIGTERM, SIGSEGV, SIGABRT, SIGILL, SIGFPE}) {
        ::signal(each, SIG_DFL);
      }
      int status = 99;
      try {
        status = body();
      } catch (const std::exception& error) {
        say("threw: %s\n", error.what());
      } catch (...) {
        say("threw something else\n");
      }
      std::fflush(nullptr);
      ::_exit(status);
    }
    ::close(ends[1]);
    output_fd_ = ends[0];
  }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  ~child_process() { wait(); }

  /// Reads until the output contains `text`. False if it ends before.
  bool await_output(std::string_view text) {
    while (output_.find(text) == output_.npos) {
      if (!read_more()) return false;
    }
    return true;
  }

  void send(int signal) const { ::kill(pid_, signal); }

  /// Waits for its end.
  void wait() {
    if (pid_ < 0) return;
    while (read_more()) {
    }
    ::close(output_fd_);
    while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }

  /// All that it printed. Waits.
  const std::string& output() {
    wait();
    return output_;
  }

  /// Its exit status, or 1000 and the signal that killed it. Waits.
  int status() {
    wait();
    return WIFSIGNALED(status_) ? 1000 + WTERMSIG(status_) : WEXITSTATUS(status_);
  }
  static constexpr int killed_by(int signal) { return 1000 + signal; }

 private:
  bool read_more() {
    char buffer[4096];
    ssize_t count;
    while ((count = ::read(output_fd_, buffer, sizeof buffer)) < 0 && errno == EINTR) {
    }
    if (count <= 0) return false;
    output_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  pid_t pid_ = -1;
  int output_fd_ = -1;
  int status_ = 0;
  std::string output_;
};
