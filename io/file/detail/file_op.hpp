#pragma once

#include <lariat/io/file/detail/file_cursor.hpp>
#include <lariat/io/file/detail/path_op.hpp>
#include <lariat/io/op/detail/fd_op.hpp>
#include <lariat/io/stream/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace lariat::io::detail {

/// The offset that stands for the kernel's cursor.
inline constexpr std::uint64_t at_cursor = ~std::uint64_t{0};

/// A caller's offset, which never stands for the cursor: the kernel refuses those over 2^63.
[[nodiscard]] constexpr std::uint64_t position(std::uint64_t offset) noexcept {
  return offset == at_cursor ? at_cursor - 1 : offset;
}

/// pread(2).
class read_op final : public count_op {
 public:
  read_op(int fd, std::uint64_t offset, std::span<std::byte> into) noexcept;
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  std::uint64_t offset_;
  std::span<std::byte> into_;
};

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

/// read(2).
class read_next_op final : public claimed_op {
 public:
  read_next_op(int fd, const cursor_claim& claim, std::span<std::byte> into) noexcept;
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  std::span<std::byte> into_;
};

/// write(2), or pwrite(2).
class write_op final : public claimed_op {
 public:
  write_op(int fd, const cursor_claim& claim, const_buffer from) noexcept;
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  const_buffer from_;
};

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
