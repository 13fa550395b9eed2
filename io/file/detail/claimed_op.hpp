#pragma once

#include <lariat/io/file/detail/file_cursor.hpp>
#include <lariat/io/op/detail/fd_op.hpp>

#include <cstddef>

namespace lariat::io::detail {

/// Moves some bytes, to or from what a claim says.
class claimed_op : public count_op {
 public:
  /// \throws std::system_error naming the operation and the descriptor.
  std::size_t await_resume() {
    settle();
    return count_op::await_resume();
  }
  result<std::size_t> await_result() noexcept {
    settle();
    return count_op::await_result();
  }

 protected:
  claimed_op(const char* name, int fd, const cursor_claim& claim) noexcept
      : count_op(name, fd), claim_(claim) {}

  bool completed() noexcept override;

  /// Completes the entry of a write.
  void mark(io_uring_sqe& entry) noexcept;

  cursor_claim claim_;

 private:
  void settle() noexcept { claim_.settle(result_ < 0 ? 0 : static_cast<std::size_t>(result_)); }
};

}  // namespace lariat::io::detail
