#pragma once

#include <lariat/io/net/stream_socket.hpp>

namespace lariat::io::detail {

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

inline detail::readable_op stream_socket::readable() noexcept { return detail::readable_op(*this); }

}  // namespace lariat::io
