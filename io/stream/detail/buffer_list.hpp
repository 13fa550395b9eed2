#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/stream/buffer.hpp>

#include <sys/uio.h>

#include <cstddef>
#include <span>

namespace lariat::io::detail {

// The kernel reads our buffers as its iovecs.
template <class Buffer>
constexpr bool is_iovec =
    sizeof(Buffer) == sizeof(iovec) && offsetof(Buffer, data) == offsetof(iovec, iov_base) &&
    offsetof(Buffer, size) == offsetof(iovec, iov_len);
static_assert(is_iovec<const_buffer> && is_iovec<mutable_buffer>);

/// The bytes of all of them.
template <class Buffer>
[[nodiscard]] std::size_t total_size(std::span<const Buffer> buffers) noexcept {
  std::size_t size = 0;
  for (const Buffer& each : buffers) size += each.size;
  return size;
}

/// Without the empty ones in front: a call that moves nothing would look like the end.
template <class Buffer>
void skip_empty(std::span<const Buffer>& buffers) noexcept {
  while (!buffers.empty() && buffers.front().size == 0) buffers = buffers.subspan(1);
}

}  // namespace lariat::io::detail
