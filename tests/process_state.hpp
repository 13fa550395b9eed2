#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>

/// The names in a directory of /proc, but for those of looking there itself.
inline std::set<std::string> names_in(const char* path) {
  std::set<std::string> names;
  DIR* directory = ::opendir(path);
  if (directory == nullptr) std::abort();
  const std::string own = std::to_string(::dirfd(directory));
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != ".." && name != own) names.insert(name);
  }
  ::closedir(directory);
  return names;
}

/// What this process has open.
inline std::set<std::string> open_descriptors() { return names_in("/proc/self/fd"); }

/// The threads of this process.
inline std::set<std::string> threads() { return names_in("/proc/self/task"); }

/// Its open descriptors that an exec would pass on.
inline std::set<std::string> inherited_descriptors() {
  std::set<std::string> found;
  for (const std::string& name : open_descriptors()) {
    const int flags = ::fcntl(std::atoi(name.c_str()), F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) found.insert(name);
  }
  return found;
}

/// What it does about each signal, and which ones this thread blocks.
struct signal_state {
  std::map<int, void*> handlers;
  std::set<int> blocked;
  friend bool operator==(const signal_state&, const signal_state&) = default;

  static signal_state now() {
    signal_state state;
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    for (int number = 1; number < NSIG; ++number) {
      struct sigaction action = {};
      if (::sigaction(number, nullptr, &action) != 0) continue;
      state.handlers[number] = reinterpret_cast<void*>(action.sa_handler);
      if (::sigismember(&mask, number) == 1) state.blocked.insert(number);
    }
    return state;
  }
};
