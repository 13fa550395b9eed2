#include <lariat/io/net/stream_socket.hpp>

#include <lariat/io/kernel/detail/system_calls.hpp>

#include <sys/socket.h>

#include <cerrno>

namespace lariat::io {

void stream_socket::shutdown_write() {
  // A system call: the ring would give it to a worker thread, which costs a hundred times as much.
  if (detail::sys::shutdown(native_handle(), SHUT_WR) != 0)
    detail::throw_error(errno, "shutdown", detail::error_object::described(description()));
}

std::size_t stream_socket::available() const {
  const int bytes = detail::sys::available(native_handle());
  if (bytes < 0)
    detail::throw_error(errno, "available", detail::error_object::described(description()));
  return static_cast<std::size_t>(bytes);
}

}  // namespace lariat::io
