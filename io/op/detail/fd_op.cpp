#include <lariat/io/op/detail/fd_op.hpp>

#include <lariat/io/kernel/detail/system_calls.hpp>
#include <lariat/sched/text/detail/shown_name.hpp>

#include <limits.h>
#include <unistd.h>

#include <cerrno>

namespace lariat::io::detail {

using lariat::detail::shown_name;

std::string describe_fd(int fd) {
  if (fd < 0) return "on a closed descriptor";
  if (is_simulated(fd))
    return "fd " + std::to_string(fd) + " (" + sys::describe_simulated(fd) + ")";
  const std::string number = std::to_string(fd);
  const std::string text = "fd " + number;
  char target[PATH_MAX];
  const ssize_t length = ::readlink(("/proc/self/fd/" + number).c_str(), target, sizeof target);
  if (length <= 0) return text;
  return text + " (" + shown_name({target, static_cast<std::size_t>(length)}) + ')';
}

fd_op::fd_op(const char* name, int fd) noexcept : name_(name), fd_(fd) {
  if (fd >= 0) [[likely]]
    return;
  constexpr int descriptors_max = 1 << 30;  // More than there are, simulated ones with them.
  const int real = fd - has_no_offsets(0);
  const bool is_real = real < descriptors_max;
  fd_ = is_real ? real : -1;
  preset_error(is_real ? ESPIPE : EBADF);
}

void fd_op::throw_failure() const {
  throw_if_cancelled();
  throw_error(-result_, name_, error_object::described(object()));
}

}  // namespace lariat::io::detail
