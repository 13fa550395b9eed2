#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <span>

namespace lariat::io::detail {

/// Makes a message of the buffers: of as many as one call takes.
template <class Buffer>
void fill_message(msghdr& message, std::span<const Buffer> buffers) noexcept {
  constexpr std::size_t vector_max = 1024;  // UIO_MAXIOV
  message.msg_iov = reinterpret_cast<iovec*>(const_cast<Buffer*>(buffers.data()));
  message.msg_iovlen = std::min(buffers.size(), vector_max);
}

}  // namespace lariat::io::detail
