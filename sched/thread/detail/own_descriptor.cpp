#include <lariat/sched/thread/detail/own_descriptor.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace lariat::detail {
namespace {

constexpr int first_own = 3;

}  // namespace

int own_descriptor(int fd) noexcept {
  if (fd < 0 || fd >= first_own) return fd;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, first_own);
  const int error = errno;
  ::close(fd);
  errno = error;
  return moved;
}

std::string read_system_file(const char* path) {
  std::string text;
  const int fd = own_descriptor(::open(path, O_RDONLY | O_CLOEXEC));
  if (fd < 0) return text;
  char buffer[1024];
  ssize_t count;
  while ((count = ::read(fd, buffer, sizeof buffer)) > 0 || (count < 0 && errno == EINTR)) {
    if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(fd);
  return text;
}

}  // namespace lariat::detail
