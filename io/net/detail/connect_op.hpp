#pragma once

#include <lariat/io/net/tcp.hpp>

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

inline connect_op tcp_stream::connect(const address& peer,
                                      const connect_options& options) noexcept {
  return {peer, options};
}

}  // namespace lariat::io
