#pragma once

#include <lariat/io/net/stream_socket.hpp>

#include <sys/socket.h>

#include <algorithm>

namespace lariat::io::detail {

/// Moves as many bytes as one completion says.
class some_op : public socket_op {
 public:
  result<std::size_t> await_result() noexcept {
    leave();
    return {take_error(), static_cast<std::size_t>(std::max(result_, 0))};
  }

 protected:
  some_op(stream_socket& on, direction way, when_busy busy) noexcept : socket_op(on, way, busy) {
    set_enough(1);  // Nothing, or an error, may come of a close.
  }

  std::size_t take_count(const char* name) {
    finish(name);
    return static_cast<std::size_t>(result_);
  }
};

/// The awaitable of `stream_socket::read_some`.
class [[nodiscard]] receive_op final : public some_op {
 public:
  receive_op(stream_socket& on, std::span<std::byte> into) noexcept
      : some_op(on, direction::receive, when_busy::refuse), into_(into) {
    if (into.empty()) preset(0);
  }
  std::size_t await_resume() {
    note_drained();
    return take_count("read");
  }
  result<std::size_t> await_result() noexcept {
    note_drained();
    return some_op::await_result();
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"read", fd()}; }
  void prepare_entry(io_uring_sqe& entry) noexcept override;

  static constexpr std::uint32_t more_waits = 4;  // IORING_CQE_F_SOCK_NONEMPTY

 private:
  void note_drained() noexcept {
    // Not every socket sets the flag, and one that filled the buffer may well have more.
    static_cast<stream_socket&>(on()).drained_ =
        (flags_ & more_waits) == 0 && static_cast<std::size_t>(std::max(result_, 0)) < into_.size();
  }

  std::span<std::byte> into_;
};

/// Moves a number of bytes that is known before: counts them over several completions.
class exact_op : public socket_op {
 public:
  /// The bytes count with any error.
  result<std::size_t> await_result() noexcept {
    leave();
    return {take_error(), transferred()};
  }

 protected:
  exact_op(stream_socket& on, direction way, when_busy busy, std::size_t size) noexcept
      : socket_op(on, way, busy), size_(size) {
    if (size == 0) preset(0);
    set_enough(size);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// The bytes of all completions but the last.
  [[nodiscard]] std::size_t done() const noexcept { return done_; }

  /// Those of all, once the operation is over.
  [[nodiscard]] std::size_t transferred() const noexcept {
    return done_ + static_cast<std::size_t>(std::max(result_, 0));
  }

  bool completed() noexcept override;

 private:
  std::size_t size_;
  std::size_t done_ = 0;
};

/// The awaitable of `stream_socket::read_exact`.
class [[nodiscard]] receive_exactly_op final : public exact_op {
 public:
  receive_exactly_op(stream_socket& on, std::span<std::byte> into) noexcept
      : exact_op(on, direction::receive, when_busy::refuse, into.size()), into_(into.data()) {}
  std::size_t await_resume() {
    finish("read");
    if (result_ == 0 && size() != 0) [[unlikely]]
      throw_end_of_stream();
    return size();
  }
  result<std::size_t> await_result() noexcept;
  [[nodiscard]] operation_info info() const noexcept override { return {"read", fd()}; }
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  [[noreturn]] void throw_end_of_stream() const;
  std::byte* into_;
};

/// The awaitable of `stream_socket::readv_some`.
class [[nodiscard]] receive_vector_op final : public some_op {
 public:
  receive_vector_op(stream_socket& on, std::span<const mutable_buffer> into) noexcept;
  std::size_t await_resume() { return take_count("read"); }
  [[nodiscard]] operation_info info() const noexcept override { return {"read", fd()}; }
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  std::span<const mutable_buffer> into_;
  msghdr message_{};
};

/// The awaitable of `stream_socket::write_some`.
class [[nodiscard]] send_op final : public some_op {
 public:
  send_op(stream_socket& on, std::span<const std::byte> from) noexcept
      : some_op(on, direction::send, when_busy::queue), from_(from) {
    if (from.empty()) preset(0);
  }
  std::size_t await_resume() { return take_count("write"); }
  [[nodiscard]] operation_info info() const noexcept override { return {"write", fd()}; }
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  std::span<const std::byte> from_;
};

/// The awaitable of `stream_socket::write_all`.
class [[nodiscard]] send_all_op final : public exact_op {
 public:
  send_all_op(stream_socket& on, std::span<const std::byte> from) noexcept
      : exact_op(on, direction::send, when_busy::queue, from.size()), from_(from.data()) {}
  std::size_t await_resume() {
    finish("write");
    return size();
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"write", fd()}; }
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  const std::byte* from_;
};

/// The awaitable of `stream_socket::writev_all`.
class [[nodiscard]] send_vector_op final : public exact_op {
 public:
  send_vector_op(stream_socket& on, std::span<const const_buffer> from) noexcept;
  std::size_t await_resume() {
    finish("write");
    return size();
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"write", fd()}; }
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  bool completed() noexcept override;
  std::span<const const_buffer>
      from_;  // What has not been written: from the first one's `offset_`.
  std::size_t offset_ = 0;
  msghdr message_{};
};

/// The awaitable of `stream_socket::readable`.
class [[nodiscard]] readable_op final : public socket_op {
 public:
  explicit readable_op(stream_socket& on) noexcept
      : socket_op(on, direction::receive, when_busy::refuse) {}
  void await_resume() { finish("poll"); }
  result<void> await_result() noexcept {
    leave();
    return {take_error()};
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"poll", fd()}; }
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  bool completed() noexcept override;
};

}  // namespace lariat::io::detail

namespace lariat::io {

inline detail::receive_op stream_socket::read_some(std::span<std::byte> into) noexcept {
  return {*this, into};
}
inline detail::receive_exactly_op stream_socket::read_exact(std::span<std::byte> into) noexcept {
  return {*this, into};
}
inline detail::receive_vector_op stream_socket::readv_some(
    std::span<const mutable_buffer> into) noexcept {
  return {*this, into};
}
inline detail::send_op stream_socket::write_some(const_buffer from) noexcept {
  return {*this, from.bytes()};
}
inline detail::send_all_op stream_socket::write_all(const_buffer from) noexcept {
  return {*this, from.bytes()};
}
inline detail::send_vector_op stream_socket::writev_all(
    std::span<const const_buffer> from) noexcept {
  return {*this, from};
}
inline detail::readable_op stream_socket::readable() noexcept { return detail::readable_op(*this); }

}  // namespace lariat::io
