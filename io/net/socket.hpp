#pragma once

#include <lariat/io/net/address.hpp>
#include <lariat/io/net/detail/socket_op.hpp>
#include <lariat/io/op/descriptor.hpp>
#include <lariat/sched/task/result.hpp>

#include <cstddef>
#include <string>

namespace lariat::io {

/// A socket's descriptor, and what is under way on it: the base of streams and listeners.
/// Its descriptor is in blocking mode and closed on exec.
///
/// Destroying it closes the descriptor with close(2), at once. That is for sockets on which nothing
/// is under way: destroying one that other tasks still use terminates the program, for they would
/// go on with freed memory. `co_await close()` ends their operations first. It may be moved at any
/// time, while operations are under way too.
///
/// \par Threads
/// One loop's at a time; it may go to another one while nothing is under way.
class socket {
 public:
  class close_op;

  /// A closed socket; operations on it fail with EBADF.
  socket() noexcept = default;

  /// Takes over `fd`, which is a socket of its kind, and makes it blocking: io_uring waits better.
  explicit socket(int fd) noexcept;
  socket(socket&& other) noexcept;
  socket& operator=(socket&& other) noexcept;
  ~socket();

  /// False once it is closed, released or moved from.
  [[nodiscard]] bool is_open() const noexcept { return fd_.is_open(); }
  [[nodiscard]] explicit operator bool() const noexcept { return is_open(); }

  /// The descriptor, still owned; -1 if it is closed.
  [[nodiscard]] int native_handle() const noexcept { return fd_.native_handle(); }

  /// Gives the descriptor away; the socket is closed after it.
  /// \throws std::logic_error if operations are under way.
  [[nodiscard("the descriptor is the caller's now")]] int release();

  /// Ends what is under way here, waits for the end of it, and closes the descriptor. Operations of
  /// other tasks fail with ECANCELED, unless their result came first. Closing what is closed, or
  /// being closed, does nothing.
  ///
  /// \par Cancellation
  /// Not cancellable: it ends soon, and a socket that stays half closed would be of no use.
  [[nodiscard]] close_op close() noexcept;

  /// What the socket is bound to. \throws std::system_error
  [[nodiscard]] address local_address() const;

  /// How much the kernel holds for it in either direction, in bytes. The kernel doubles what is
  /// set, for its own needs, and gives that; a size that is set stops it from tuning the size
  /// itself. \throws std::system_error
  void set_receive_buffer_size(std::size_t bytes);
  [[nodiscard]] std::size_t receive_buffer_size() const;
  void set_send_buffer_size(std::size_t bytes);
  [[nodiscard]] std::size_t send_buffer_size() const;

 protected:
  /// `name` is what errors call it: its peer, or what it is bound to.
  socket(int fd, const address& name) noexcept : fd_(fd), name_(name) {}

  [[nodiscard]] const address& name() const noexcept { return name_; }
  void set_name(const address& name) noexcept { name_ = name; }

  /// For error messages: "127.0.0.1:80".
  [[nodiscard]] std::string description() const;

  /// setsockopt(2) of an int. \throws std::system_error with `what` and the description.
  void set_option(int level, int option, int value, const char* what);
  [[nodiscard]] int option(int level, int option, const char* what) const;

 private:
  friend class detail::socket_op;

  [[nodiscard]] detail::turn_queue& turns(detail::direction way) noexcept {
    return turns_[static_cast<int>(way)];
  }
  [[nodiscard]] bool busy() const noexcept { return !turns_[0].empty() || !turns_[1].empty(); }
  void take_over(socket& other) noexcept;
  void check_idle() const noexcept {
    if (busy()) [[unlikely]]
      die_busy();
  }
  [[noreturn]] void die_busy() const noexcept;
  void finish_close() noexcept;

  descriptor fd_;
  address name_;
  detail::turn_queue turns_[2];
  close_op* closer_ = nullptr;
};

/// The awaitable of `socket::close`.
class [[nodiscard]] socket::close_op final : public detail::op {
 public:
  explicit close_op(socket& on) noexcept : socket_(on) {}

  bool await_ready() const noexcept { return !socket_.is_open(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    prepare(caller);
    start_closing();
    return true;
  }
  void await_resume() const noexcept {}
  result<void> await_result() const noexcept { return {}; }

  void cancel() noexcept override {}
  [[nodiscard]] operation_info info() const noexcept override { return {"close", fd_}; }
  void prepare_entry(io_uring_sqe& entry) noexcept override;

 private:
  friend class socket;
  bool completed() noexcept override;
  void start_closing() noexcept;
  void close_now() noexcept;

  socket& socket_;
  int fd_ = -1;
};

inline socket::close_op socket::close() noexcept { return close_op(*this); }

// Once for each message that goes through a stream, so here.
namespace detail {

inline int socket_op::fd() const noexcept { return socket_->native_handle(); }

inline int socket_op::entry_fd() const noexcept {
  // A look at the entry of an operation that a close has cancelled finds none.
  assert((fd() >= 0 || cancel_requested()) && "an operation on a closed socket is submitted");
  return fd();
}

// False if it has to wait for its turn.
inline bool socket_op::enter() noexcept {
  turn_queue& under_way = socket_->turns(way_);
  if (!under_way.empty() || !socket_->is_open()) [[unlikely]]
    return enter_slowly();
  under_way.push(*this);
  return true;
}

inline void socket_op::leave() noexcept {
  turn_queue& under_way = socket_->turns(way_);
  if (!under_way.holds_only(*this) || !socket_->is_open()) [[unlikely]]
    return leave_slowly();
  under_way.clear();
  next_ = nullptr;
}

}  // namespace detail
}  // namespace lariat::io
