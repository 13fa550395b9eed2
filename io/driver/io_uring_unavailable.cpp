#include <lariat/io/driver/io_uring_unavailable.hpp>

#include <lariat/sched/thread/detail/own_descriptor.hpp>

#include <sys/resource.h>

#include <cerrno>
#include <limits>
#include <sstream>

namespace lariat::io {
namespace {

using lariat::detail::read_system_file;

constexpr const char* sysctl_file = "/proc/sys/kernel/io_uring_disabled";

std::string explain_refusal(const detail::ring_obstacles& obstacles) {
  if (obstacles.sysctl > 0) {
    const std::string value = std::to_string(obstacles.sysctl);
    const char* remedy =
        obstacles.sysctl == 1
            ? "run 'sysctl -w kernel.io_uring_disabled=0', or add the user's group to "
              "kernel.io_uring_group"
            : "run 'sysctl -w kernel.io_uring_disabled=0'";
    return "it is switched off by kernel.io_uring_disabled=" + value + "; " + remedy;
  }
  if (obstacles.seccomp) {
    return "a seccomp filter forbids it, as the default profiles of container engines do; allow "
           "io_uring_setup, io_uring_enter and io_uring_register in the profile "
           "(--security-opt seccomp=PROFILE)";
  }
  return "a security module forbids it; look for a denial in the audit log";
}

std::string explain_absence(const detail::ring_obstacles& obstacles) {
  if (obstacles.seccomp) {
    return "the kernel has none, or a seccomp filter hides it; allow io_uring_setup, "
           "io_uring_enter and io_uring_register in the profile, or use Linux 5.19 or later";
  }
  return "the kernel has none (too old, built without CONFIG_IO_URING, or a sandbox such as "
         "gVisor); use Linux 5.19 or later";
}

std::string explain_shortage(const detail::ring_obstacles& obstacles) {
  if (obstacles.memlock == std::numeric_limits<unsigned long long>::max()) {
    return "the kernel is out of memory for the ring";
  }
  return "the user's locked memory is limited to " + std::to_string(obstacles.memlock / 1024) +
         " KiB (RLIMIT_MEMLOCK), and the smallest ring did not fit; raise it: 'ulimit -l', "
         "LimitMEMLOCK=, or --ulimit memlock=-1 for a container";
}

}  // namespace

detail::ring_obstacles detail::ring_obstacles::of_this_process() {
  ring_obstacles found;
  std::istringstream(read_system_file(sysctl_file)) >> found.sysctl;
  std::istringstream status(read_system_file("/proc/self/status"));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Seccomp:")) found.seccomp = line.find_first_of("12") != line.npos;
  }
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);  // Cannot fail: the resource exists.
  found.memlock = limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<unsigned long long>::max()
                                                  : limit.rlim_cur;
  return found;
}

std::string detail::explain_unavailable(int error, const ring_obstacles& obstacles) {
  const std::string text = "io_uring is not available: ";
  switch (error) {
    case EPERM:
    case EACCES:
      return text + explain_refusal(obstacles);
    case ENOSYS:
      return text + explain_absence(obstacles);
    case ENOMEM:
      return text + explain_shortage(obstacles);
    case EMFILE:
    case ENFILE:
      return text +
             "there is no descriptor left for the ring and its wake-up, two for each loop; raise "
             "'ulimit -n' (RLIMIT_NOFILE, LimitNOFILE=), or close what is not needed";
    case EINVAL:
      return text + "the kernel knows none of the flags that lariat needs; use Linux 5.19 or later";
    default:
      return text + "io_uring_setup failed";
  }
}

io_uring_unavailable::io_uring_unavailable(int error)
    : std::system_error(
          error, std::system_category(),
          detail::explain_unavailable(error, detail::ring_obstacles::of_this_process())) {}

}  // namespace lariat::io
