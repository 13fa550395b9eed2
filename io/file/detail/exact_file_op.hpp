#pragma once

#include <lariat/io/file/detail/file_cursor.hpp>
#include <lariat/io/op/detail/fd_op.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace lariat::io::detail {

/// Moves a number of bytes that is known before, over as many completions as it takes.
class [[nodiscard("it does nothing until it is awaited")]] exact_file_op : public fd_op {
 public:
  /// The bytes count with any error.
  result<std::size_t> await_result() noexcept;

 protected:
  exact_file_op(const char* name, int fd, const cursor_claim& claim, std::size_t size) noexcept;

  bool completed() noexcept override;
  void mark(io_uring_sqe& entry) noexcept;
  bool prepare_poll(io_uring_sqe& entry) noexcept;

  /// Takes the claim. \return The offset of what comes next.
  std::uint64_t next_offset() noexcept {
    claim_.take(fd(), size_);
    return claim_.offset(done_);
  }

  /// Once it is over: leaves the cursor behind what was moved. \return How much that was.
  std::size_t settle() noexcept {
    if (result_ > 0) done_ += static_cast<std::size_t>(std::exchange(result_, 0));
    claim_.settle(done_);
    return done_;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t done() const noexcept { return done_; }

 private:
  cursor_claim claim_;
  std::size_t size_;
  std::size_t done_ = 0;  // By all completions but the last.
};

}  // namespace lariat::io::detail
