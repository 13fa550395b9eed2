#include <lariat/io/stream_socket.hpp>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

namespace lariat::io {

void stream_socket::shutdown_write() {
  // A system call: the ring would give it to a worker thread, which costs a hundred times as much.
  if (::shutdown(native_handle(), SHUT_WR) != 0)
    detail::throw_error(errno, "shutdown", description());
}

std::size_t stream_socket::available() const {
  int bytes = 0;
  if (::ioctl(native_handle(), FIONREAD, &bytes) != 0) {
    detail::throw_error(errno, "available", description());
  }
  return static_cast<std::size_t>(bytes);
}

}  // namespace lariat::io
