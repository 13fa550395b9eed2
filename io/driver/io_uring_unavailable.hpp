#pragma once

#include <string>
#include <system_error>

namespace lariat::io {

/// Thrown when a loop cannot have a ring. `what()` names the cause (kernel, sysctl, seccomp filter,
/// memory limit) and the remedy; `code()` is the errno of io_uring_setup(2).
class io_uring_unavailable : public std::system_error {
 public:
  /// Looks for the cause in /proc.
  /// \param error A positive errno.
  explicit io_uring_unavailable(int error);
};

namespace detail {

/// What of the system decides whether a process may have a ring.
struct ring_obstacles {
  int sysctl = -1;                 ///< kernel.io_uring_disabled; -1 if there is no such thing.
  bool seccomp = false;            ///< Whether a seccomp filter is active.
  unsigned long long memlock = 0;  ///< RLIMIT_MEMLOCK in bytes; ~0 if unlimited.

  /// Reads them.
  [[nodiscard]] static ring_obstacles of_this_process();
};

/// The cause and the remedy, in a sentence each.
[[nodiscard]] std::string explain_unavailable(int error, const ring_obstacles& obstacles);

}  // namespace detail
}  // namespace lariat::io
