#pragma once

#include <lariat/io/file/detail/claimed_op.hpp>
#include <lariat/io/file/detail/exact_file_op.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lariat::io::detail {

/// pread(2).
class read_op final : public count_op {
 public:
  read_op(int fd, std::uint64_t offset, std::span<std::byte> into) noexcept;
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  std::uint64_t offset_;
  std::span<std::byte> into_;
};

/// read(2).
class read_next_op final : public claimed_op {
 public:
  read_next_op(int fd, const cursor_claim& claim, std::span<std::byte> into) noexcept;
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  std::span<std::byte> into_;
};

/// read(2) or pread(2), until the buffer is full.
class read_exact_op final : public exact_file_op {
 public:
  read_exact_op(int fd, const cursor_claim& claim, std::span<std::byte> into) noexcept
      : exact_file_op("read", fd, claim, into.size()), into_(into.data()) {}
  void prepare_entry(io_uring_sqe& entry) noexcept override;

  /// \throws end_of_stream if the file ends first; std::system_error.
  std::size_t await_resume();
  result<std::size_t> await_result() noexcept;

 private:
  std::byte* into_;
};

}  // namespace lariat::io::detail
