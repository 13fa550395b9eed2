#pragma once

#include <lariat/io/file/detail/claimed_op.hpp>
#include <lariat/io/stream/buffer.hpp>

#include <cstddef>
#include <span>

namespace lariat::io::detail {

/// preadv(2) or pwritev(2).
class vectored_op final : public claimed_op {
 public:
  vectored_op(int fd, const cursor_claim& claim, std::span<const mutable_buffer> into) noexcept;
  vectored_op(int fd, const cursor_claim& claim, std::span<const const_buffer> from) noexcept;
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  const void* buffers_;  // Of the layout of struct iovec.
  std::size_t count_;
  bool writes_;
};

}  // namespace lariat::io::detail
