#pragma once

#include <lariat/io/net/tcp.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace lariat::io {

/// The awaitable of `tcp_stream::connect`.
class [[nodiscard]] connect_op final : public detail::op {
 public:
  connect_op(const address& peer, const connect_options& options) noexcept
      : peer_(peer), options_(options) {}

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    open();
    return op::await_suspend(caller);
  }
  tcp_stream await_resume();
  result<tcp_stream> await_result() noexcept;

  [[nodiscard]] operation_info info() const noexcept override { return {"connect", fd_}; }
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  static constexpr int self_connects_max = 3;

  void open() noexcept;
  [[nodiscard]] int open_socket() noexcept;
  [[nodiscard]] int set_up() noexcept;
  bool completed() noexcept override;
  [[nodiscard]] bool connected_to_itself() const noexcept;
  [[nodiscard]] tcp_stream take() noexcept;

  address peer_;
  connect_options options_;
  const char* step_ = "connect";  // What failed.
  int fd_ = -1;
  int self_connects_ = 0;
};

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

inline connect_op tcp_stream::connect(const address& peer,
                                      const connect_options& options) noexcept {
  return {peer, options};
}

inline accept_op tcp_listener::accept() noexcept { return accept_op(*this); }

}  // namespace lariat::io
