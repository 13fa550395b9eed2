#pragma once

#include <lariat/io/buffer.hpp>
#include <lariat/io/detail/fd_op.hpp>
#include <lariat/io/detail/path_op.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lariat::io::detail {

/// The offset that stands for the file's own cursor.
inline constexpr std::uint64_t at_cursor = ~std::uint64_t{0};

/// A caller's offset, which never stands for the cursor: the kernel refuses those over 2^63.
[[nodiscard]] constexpr std::uint64_t position(std::uint64_t offset) noexcept {
  return offset == at_cursor ? at_cursor - 1 : offset;
}

/// read(2), or pread(2).
class read_op final : public count_op {
 public:
  read_op(int fd, std::uint64_t offset, std::span<std::byte> into) noexcept;
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  std::uint64_t offset_;
  std::span<std::byte> into_;
};

/// The same until the buffer is full.
class read_exact_op final : public status_op {
 public:
  read_exact_op(int fd, std::uint64_t offset, std::span<std::byte> into) noexcept;
  void prepare_entry(io_uring_sqe& entry) noexcept override;

  /// \throws end_of_stream if the file ends first; std::system_error.
  void await_resume() const;
  result<void> await_result() const noexcept;

 private:
  bool completed() noexcept override;
  [[nodiscard]] bool ended_early() const noexcept { return result_ == 0 && !into_.empty(); }

  std::uint64_t offset_;
  std::span<std::byte> into_;
  std::size_t done_ = 0;  // By all completions but the last.
};

/// write(2), or pwrite(2).
class write_op final : public count_op {
 public:
  write_op(int fd, std::uint64_t offset, std::span<const std::byte> from) noexcept;
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  std::uint64_t offset_;
  std::span<const std::byte> from_;
};

/// The same until everything is written.
class write_all_op final : public status_op {
 public:
  write_all_op(int fd, std::uint64_t offset, std::span<const std::byte> from) noexcept;
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  bool completed() noexcept override;

  std::uint64_t offset_;
  std::span<const std::byte> from_;
  std::size_t done_ = 0;  // By all completions but the last.
};

/// preadv(2) or pwritev(2).
class vectored_op final : public count_op {
 public:
  vectored_op(int fd, std::uint64_t offset, std::span<const mutable_buffer> into) noexcept;
  vectored_op(int fd, std::uint64_t offset, std::span<const const_buffer> from) noexcept;
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  std::uint64_t offset_;
  const void* buffers_;  // Of the layout of struct iovec.
  std::size_t count_;
  bool writes_;
};

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

/// statx(2) of an open file.
class [[nodiscard("it does nothing until it is awaited")]] fd_stat_op final : public fd_op {
 public:
  explicit fd_stat_op(int fd) noexcept : fd_op("stat", fd) {}
  void prepare_entry(io_uring_sqe& entry) noexcept override;

  /// \throws std::system_error
  file_stat await_resume() const {
    throw_if_failed();
    return buffer_.value();
  }
  result<file_stat> await_result() const noexcept {
    if (result_ < 0) return {take_error(), {}};
    return {{}, buffer_.value()};
  }

 private:
  stat_buffer buffer_;
};

}  // namespace lariat::io::detail
