#pragma once

#include <lariat/io/net/tcp.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace lariat::io {

/// The awaitable of `tcp_listener::accept`.
class [[nodiscard]] accept_op final : public detail::socket_op {
 public:
  explicit accept_op(tcp_listener& on) noexcept
      : socket_op(on, detail::direction::receive, detail::when_busy::share) {}

  tcp_stream await_resume() {
    finish("accept");
    return take();
  }
  result<tcp_stream> await_result() noexcept;

  [[nodiscard]] operation_info info() const noexcept override {
    return {delay_ms_ == 0 ? "accept" : "accept, when there are descriptors again", fd()};
  }
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  struct timespec64 {  // A __kernel_timespec.
    std::int64_t seconds;
    std::int64_t nanoseconds;
  };

  bool completed() noexcept override;
  [[nodiscard]] tcp_stream take() noexcept;

  alignas(std::uint32_t) std::array<std::byte, 28> peer_{};  // A sockaddr_in or sockaddr_in6.
  std::uint32_t peer_size_ = sizeof peer_;
  std::int32_t delay_ms_ = 0;  // Of the next pause; 0 if none was needed.
  bool pausing_ = false;
  timespec64 pause_{};
};

inline accept_op tcp_listener::accept() noexcept { return accept_op(*this); }

}  // namespace lariat::io
