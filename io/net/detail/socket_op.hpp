#pragma once

#include <lariat/io/op/detail/op.hpp>

#include <cassert>
#include <coroutine>
#include <string>
#include <system_error>

namespace lariat::io {
class socket;
}  // namespace lariat::io

namespace lariat::io::detail {

class socket_op;

/// Which of its socket's two directions an operation uses.
enum class direction : unsigned char { receive, send };

/// What becomes of an operation while another one of the same direction is under way.
enum class when_busy : unsigned char {
  refuse,  ///< std::logic_error: two readers would each get some of the bytes.
  queue,   ///< It starts when those before it have ended.
  share,   ///< It starts at once: each of several accepts gets a connection of its own.
};

/// The operations of one direction of a socket, oldest first: one pointer, to the last of a ring.
class turn_queue {
 public:
  [[nodiscard]] bool empty() const noexcept { return last_ == nullptr; }
  [[nodiscard]] bool holds_only(const socket_op& operation) const noexcept;
  [[nodiscard]] socket_op* first() const noexcept;
  void push(socket_op& operation) noexcept;
  void remove(socket_op& operation) noexcept;
  void clear() noexcept { last_ = nullptr; }

  /// Calls `visit(socket_op&)` for each, which may remove the one that it is given.
  template <class Visit>
  void for_each(Visit visit) const noexcept;

 private:
  socket_op* last_ = nullptr;
};

/// An operation on a socket. The socket knows it from its start until its task has been resumed,
/// which is what makes turns, `close` and moves of the socket possible.
class socket_op : public op {
 public:
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    if (enter()) [[likely]]
      return op::await_suspend(caller);
    prepare(caller);
    return wait_for_turn();
  }

  void cancel() noexcept final;

 protected:
  socket_op(socket& on, direction way, when_busy busy) noexcept
      : socket_(&on), way_(way), busy_(busy) {}

  bool completed() noexcept override;

  /// To be called first by `await_result` and `await_resume`: the next operation may start.
  void leave() noexcept;

  /// Throws what the failure was: a cancel, misuse, or an error that names the socket.
  [[noreturn]] void throw_failure(const char* name) const;

  /// Leaves, and throws if it failed.
  void finish(const char* name) {
    leave();
    if (result_ < 0) [[unlikely]]
      throw_failure(name);
  }

  /// The error for `await_result`: hides `op::take_error`, which takes a close for a cancel.
  [[nodiscard]] std::error_code take_error() const noexcept {
    if (result_ < 0) [[unlikely]]
      return take_failure();
    return {};
  }

  [[nodiscard]] socket& on() const noexcept { return *socket_; }
  /// -1 once it is closed.
  [[nodiscard]] int fd() const noexcept;

  /// The same for the submission entry.
  [[nodiscard]] int entry_fd() const noexcept;
  [[nodiscard]] std::string description() const;

 private:
  friend class turn_queue;
  friend class lariat::io::socket;
  bool enter() noexcept;
  bool enter_slowly() noexcept;
  void leave_slowly() noexcept;
  bool wait_for_turn() noexcept;
  void take_turn() noexcept;
  [[nodiscard]] bool task_was_cancelled() const noexcept;
  [[nodiscard]] std::error_code take_failure() const noexcept;

  socket* socket_;
  socket_op* next_ = nullptr;  // In the socket's turn_queue; null while it is in none.
  direction way_;
  when_busy busy_;
  bool waits_for_turn_ = false;
};

inline bool turn_queue::holds_only(const socket_op& operation) const noexcept {
  return last_ == &operation && operation.next_ == &operation;
}

inline socket_op* turn_queue::first() const noexcept {
  return last_ == nullptr ? nullptr : last_->next_;
}

inline void turn_queue::push(socket_op& operation) noexcept {
  assert(operation.next_ == nullptr && "an operation takes its turn twice");
  if (last_ == nullptr) {
    operation.next_ = &operation;
  } else {
    operation.next_ = last_->next_;
    last_->next_ = &operation;
  }
  last_ = &operation;
}

template <class Visit>
void turn_queue::for_each(Visit visit) const noexcept {
  for (socket_op* each = first(); each != nullptr;) {
    socket_op* next = each == last_ ? nullptr : each->next_;
    visit(*each);
    each = next;
  }
}

}  // namespace lariat::io::detail
