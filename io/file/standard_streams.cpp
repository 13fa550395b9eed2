#include <lariat/io/file/standard_streams.hpp>

#include <lariat/io/kernel/detail/error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace lariat::io {
namespace {

file duplicate(int fd, const char* name) {
  constexpr int lowest = 3;  // Not one of the three, if another is closed.
  const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, lowest);
  if (own < 0) detail::throw_error(errno, "dup", detail::error_object::described(name));
  return file(descriptor(own));
}

}  // namespace

file standard_input() { return duplicate(STDIN_FILENO, "standard input"); }

file standard_output() { return duplicate(STDOUT_FILENO, "standard output"); }

file standard_error() { return duplicate(STDERR_FILENO, "standard error"); }

}  // namespace lariat::io
