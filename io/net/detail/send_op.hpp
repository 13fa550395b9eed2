#pragma once

#include <lariat/io/net/detail/exact_op.hpp>
#include <lariat/io/net/detail/some_op.hpp>
#include <lariat/io/net/stream_socket.hpp>

#include <sys/socket.h>

#include <cstddef>
#include <span>

namespace lariat::io::detail {

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

}  // namespace lariat::io::detail

namespace lariat::io {

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

}  // namespace lariat::io
