#pragma once

#include <lariat/io/op/detail/fd_op.hpp>

#include <utility>

namespace lariat::io {

/// Owns a file descriptor, and closes it: what files, sockets and pipes are made of.
///
/// An operation in flight does not keep it open. Await or cancel what uses it first.
class descriptor {
 public:
  descriptor() noexcept = default;

  /// Takes over `fd`. Whoever made it has set CLOEXEC. -1 makes a closed one.
  explicit descriptor(int fd) noexcept : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(other.release()) {}
  descriptor& operator=(descriptor&& other) noexcept {
    descriptor(std::move(other)).swap(*this);
    return *this;
  }

  /// Closes it by close(2), which may wait for a disk or a server where the file system flushes
  /// on close. An error is lost: `co_await close()` reports it.
  ~descriptor();

  void swap(descriptor& other) noexcept { std::swap(fd_, other.fd_); }

  /// False once it is closed, released or moved from.
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
  [[nodiscard]] explicit operator bool() const noexcept { return is_open(); }

  /// The descriptor, still owned; -1 if closed.
  [[nodiscard]] int native_handle() const noexcept { return fd_; }

  /// Gives it up without closing it.
  [[nodiscard("the descriptor is the caller's now")]] int release() noexcept {
    return std::exchange(fd_, -1);
  }

  class close_op;

  /// Closes it without blocking the loop, and reports what close(2) says. Whatever that is, it is
  /// closed when the await has ended.
  ///
  /// \throws std::system_error EBADF if it is closed already, or the errno of close(2).
  ///
  /// \par Cancellation
  /// A cancel that came before leaves it open. Once started it is not cancelled.
  [[nodiscard]] close_op close() noexcept;

 private:
  int fd_ = -1;
};

/// See descriptor::close.
class descriptor::close_op final : public detail::status_op {
 public:
  explicit close_op(descriptor& target) noexcept
      : status_op("close", target.fd_), target_(&target) {}

  void prepare_entry(io_uring_sqe& entry) noexcept override;
  void cancel() noexcept override {}

 private:
  bool completed() noexcept override;
  descriptor* target_;  // Until the number is taken from it.
  int closing_ = -1;
};

inline descriptor::close_op descriptor::close() noexcept { return close_op(*this); }

}  // namespace lariat::io
