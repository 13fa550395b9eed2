#pragma once

#include <lariat/io/op/detail/fd_op.hpp>

#include <cstdint>

namespace lariat::io::detail {

/// An operation on a file that moves no data: fsync, fallocate and their like.
class control_op final : public status_op {
 public:
  /// Fills in the entry from the descriptor, the offset, the length and the flags.
  using prepare_function = void (*)(control_op& self, io_uring_sqe& entry) noexcept;

  control_op(const char* name, prepare_function fill, int fd, std::uint64_t offset = 0,
             std::uint64_t length = 0, int flags = 0) noexcept
      : status_op(name, fd), prepare_(fill), offset_(offset), length_(length), flags_(flags) {}

  void prepare_entry(io_uring_sqe& entry) noexcept override { prepare_(*this, entry); }

  static void prepare_sync(control_op& self, io_uring_sqe& entry) noexcept;
  static void prepare_allocate(control_op& self, io_uring_sqe& entry) noexcept;
  static void prepare_advise(control_op& self, io_uring_sqe& entry) noexcept;
  static void prepare_resize(control_op& self, io_uring_sqe& entry) noexcept;

 private:
  bool completed() noexcept override;

  prepare_function prepare_;
  std::uint64_t offset_;
  std::uint64_t length_;
  int flags_;
  int done_by_call_ = 1;  // What a plain system call gave, where the kernel has no operation.
};

}  // namespace lariat::io::detail
