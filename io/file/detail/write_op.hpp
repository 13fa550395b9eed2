#pragma once

#include <lariat/io/file/detail/claimed_op.hpp>
#include <lariat/io/file/detail/exact_file_op.hpp>
#include <lariat/io/stream/buffer.hpp>

#include <cstddef>
#include <span>

namespace lariat::io::detail {

/// write(2), or pwrite(2).
class write_op final : public claimed_op {
 public:
  write_op(int fd, const cursor_claim& claim, const_buffer from) noexcept;
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  const_buffer from_;
};

/// What writes everything, or fails.
class write_exact_op : public exact_file_op {
 public:
  /// \throws incomplete_write after a part was written; std::system_error.
  std::size_t await_resume();

 protected:
  using exact_file_op::exact_file_op;
  bool completed() noexcept override;
};

/// write(2) or pwrite(2), until everything is written.
class write_all_op final : public write_exact_op {
 public:
  write_all_op(int fd, const cursor_claim& claim, const_buffer from) noexcept
      : write_exact_op("write", fd, claim, from.size), from_(from.data) {}
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  const void* from_;
};

/// The same with several buffers.
class writev_all_op final : public write_exact_op {
 public:
  writev_all_op(int fd, const cursor_claim& claim, std::span<const const_buffer> from) noexcept;
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  bool completed() noexcept override;
  std::span<const const_buffer> from_;  // What is not written: from the first one's `begin_` on.
  std::size_t begin_ = 0;
};

}  // namespace lariat::io::detail
