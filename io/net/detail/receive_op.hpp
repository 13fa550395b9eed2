#pragma once

#include <lariat/io/net/detail/exact_op.hpp>
#include <lariat/io/net/detail/some_op.hpp>
#include <lariat/io/net/stream_socket.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lariat::io::detail {

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

}  // namespace lariat::io
