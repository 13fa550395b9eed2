#pragma once

#include <lariat/sched/sync/detail/gate_wait.hpp>

#include <cstdint>

namespace lariat {

/// A gate that `set` opens and `clear` closes: `co_await e.wait()` waits until it is open
/// (asyncio's Event).
///
/// \par Threads
/// It belongs to one loop: that of the thread that makes it, or, if none runs there, that of the
/// first task that uses it. Only tasks of that loop may wait and ask. Any thread may `set`. The
/// event must outlive the tasks that wait for it, and the arrival at the loop of each `set` by
/// another thread. Anything that this thread posts to the loop after its `set` arrives later.
class event final : private detail::loop_bound {
 public:
  event() = default;

  /// Opens the gate, and wakes all waiting tasks in the order of their arrival, even if `clear`
  /// follows at once. From another thread it happens when the loop has received the request.
  void set() noexcept {
    if (here()) [[likely]] {
      set_here();
    } else {
      request_flag(1);
    }
  }

  /// Closes the gate. \throws std::logic_error on a thread other than its loop's.
  void clear() {
    require_here("event::clear");
    set_ = false;
  }

  /// Whether the gate is open. \throws std::logic_error on a thread other than its loop's.
  [[nodiscard]] bool is_set() {
    require_here("event::is_set");
    return set_;
  }

  /// Waits until the gate is open. If it is open already, goes on without a turn of the loop, but
  /// for the one in 128 by which the loop keeps such awaits from starving others. Allocates
  /// nothing.
  /// \throws std::logic_error in a task of another loop.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, unless the gate was opened before.
  [[nodiscard]] detail::gate_wait<event> wait() noexcept { return detail::gate_wait(*this); }

 private:
  friend class detail::gate_wait<event>;
  static constexpr const char* wait_name = "event::wait";

  [[nodiscard]] bool pass_gate() const noexcept { return set_; }
  void set_here() noexcept {
    set_ = true;
    waiters_.wake_all();
  }
  void apply(std::uint64_t) noexcept override { set_here(); }

  detail::wait_list<detail::gate_wait<event>> waiters_;
  bool set_ = false;
};

}  // namespace lariat
