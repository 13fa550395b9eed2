#pragma once

#include <lariat/io/op/detail/fd_op.hpp>

#include <cstdint>

namespace lariat::io {

/// See `readable`.
class poll_op final : public detail::fd_op {
 public:
  poll_op(int fd, std::uint32_t events) noexcept : fd_op("poll", fd), events_(events) {
    set_anything_enough();
  }

  void prepare_entry(io_uring_sqe& entry) noexcept override;

  /// The events that came, as of poll(2): at least one that was asked for, POLLERR, POLLHUP or
  /// POLLRDHUP, of which a ring tells unasked.
  /// \throws std::system_error
  std::uint32_t await_resume() const {
    throw_if_failed();
    return static_cast<std::uint32_t>(result_);
  }
  result<std::uint32_t> await_result() const noexcept {
    return {take_error(), result_ < 0 ? 0 : static_cast<std::uint32_t>(result_)};
  }

 private:
  std::uint32_t events_;
};

/// Waits until a read from `fd` would not block: for descriptors that other libraries read.
///
/// \throws std::system_error EBADF if `fd` is not open.
///
/// \par Cancellation
/// Leaves the descriptor as it is.
[[nodiscard]] poll_op readable(int fd) noexcept;

/// Waits until a write to `fd` would not block.
///
/// \throws std::system_error EBADF if `fd` is not open.
///
/// \par Cancellation
/// Leaves the descriptor as it is.
[[nodiscard]] poll_op writable(int fd) noexcept;

}  // namespace lariat::io
