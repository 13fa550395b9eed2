#pragma once

#include <lariat/sched/sync/detail/gate_wait.hpp>

#include <cstdint>

namespace lariat {

/// A gate: `co_await e.wait()` passes while it is open, which `set` makes it and `clear` undoes
/// (asyncio's Event).
///
/// \par Threads
/// It belongs to one loop, that of the thread that makes it, else that of the first task that uses
/// it; the tasks of that loop may wait and ask. Any thread may `set`. It has to outlive those who
/// wait, and a `set` of another thread until that has come to the loop: that is, until whatever the
/// thread sent there afterwards.
class event final : private detail::loop_bound {
 public:
  event() = default;

  /// Opens the gate, and wakes all who wait in the order of their coming, even if `clear` follows
  /// at once. From another thread it happens when the loop has heard of it.
  void set() noexcept {
    if (here()) [[likely]] {
      set_here();
    } else {
      request_flag(1);
    }
  }

  /// Closes the gate. \throws std::logic_error on another thread than its loop's.
  void clear() {
    require_here("event::clear");
    set_ = false;
  }

  /// Whether the gate is open. \throws std::logic_error on another thread than its loop's.
  [[nodiscard]] bool is_set() {
    require_here("event::is_set");
    return set_;
  }

  /// Waits until the gate is open; if it is, no turn of the loop passes. Allocates nothing.
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
