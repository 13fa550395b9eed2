#include <lariat/io/file/detail/vectored_op.hpp>

#include <lariat/io/stream/detail/buffer_list.hpp>

#include <liburing.h>

#include <limits.h>
#include <sys/uio.h>

#include <algorithm>

namespace lariat::io::detail {

vectored_op::vectored_op(int fd, const cursor_claim& claim,
                         std::span<const mutable_buffer> into) noexcept
    : claimed_op("readv", fd, claim), buffers_(into.data()), count_(into.size()), writes_(false) {
  if (fd >= 0 && into.empty()) preset(0);
}

vectored_op::vectored_op(int fd, const cursor_claim& claim,
                         std::span<const const_buffer> from) noexcept
    : claimed_op("writev", fd, claim), buffers_(from.data()), count_(from.size()), writes_(true) {
  if (fd >= 0 && from.empty()) preset(0);
}

// The vectored operations hand our buffers to the kernel as they are.
void vectored_op::prepare_entry(io_uring_sqe& entry) noexcept {
  const auto* buffers = static_cast<const iovec*>(buffers_);
  const auto count = static_cast<unsigned>(std::min<std::size_t>(count_, IOV_MAX));
  if (writes_) {
    ::io_uring_prep_writev(&entry, fd(), buffers, count, claim_.offset());
    mark(entry);
  } else {
    ::io_uring_prep_readv(&entry, fd(), buffers, count, claim_.offset());
  }
}

}  // namespace lariat::io::detail
