#pragma once

#include <lariat/io/op/detail/op.hpp>
#include <lariat/sched/task/result.hpp>

#include <cassert>
#include <cstddef>
#include <limits>
#include <string>

namespace lariat::io::detail {

/// A descriptor in an error's text: "fd 7 (/var/log/messages)", or "on a closed descriptor".
[[nodiscard]] std::string describe_fd(int fd);

/// What stands for a descriptor where an operation at an offset has none.
[[nodiscard]] constexpr int has_no_offsets(int fd) noexcept {
  return std::numeric_limits<int>::min() + fd;
}

/// An operation on a descriptor. By itself fails one on a closed descriptor (-1, or any other that
/// is negative), with EBADF, and one at an offset where there are none
/// (file_cursor::fd_for_offset), with ESPIPE.
class fd_op : public op {
 public:
  [[nodiscard]] operation_info info() const noexcept final { return {name_, fd_}; }

 protected:
  /// \param name The system call's, of static storage.
  fd_op(const char* name, int fd) noexcept;

  /// For the submission entry.
  [[nodiscard]] int fd() const noexcept {
    assert(fd_ >= 0 && "an operation on a closed descriptor ends before it has an entry");
    return fd_;
  }
  [[nodiscard]] std::string object() const { return describe_fd(fd_); }

  /// Throws what `await_resume` has to, as "fsync fd 7: Input/output error".
  void throw_if_failed() const {
    if (result_ < 0) [[unlikely]]
      throw_failure();
  }

 private:
  [[noreturn]] void throw_failure() const;

  const char* name_;
  int fd_;
};

/// An operation on a descriptor that gives nothing.
class [[nodiscard("it does nothing until it is awaited")]] status_op : public fd_op {
 public:
  /// \throws std::system_error naming the operation and the descriptor.
  void await_resume() const { throw_if_failed(); }
  result<void> await_result() const noexcept { return {take_error()}; }

 protected:
  using fd_op::fd_op;
};

/// An operation on a descriptor that gives a number of bytes.
class [[nodiscard("it does nothing until it is awaited")]] count_op : public fd_op {
 public:
  /// \throws std::system_error naming the operation and the descriptor.
  std::size_t await_resume() const {
    throw_if_failed();
    return static_cast<std::size_t>(result_);
  }
  result<std::size_t> await_result() const noexcept {
    return {take_error(), result_ < 0 ? 0 : static_cast<std::size_t>(result_)};
  }

 protected:
  using fd_op::fd_op;
};

}  // namespace lariat::io::detail
