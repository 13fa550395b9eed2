#pragma once

#include <lariat/sched/sync/detail/gate_wait.hpp>

#include <cstdint>
#include <utility>

namespace lariat {

/// A turnstile: each `set` lets one task pass, the one that has waited longest, or else the next to
/// arrive (Tokio's Notify). Unlike a semaphore it remembers one `set` at most.
///
/// \par Threads
/// It belongs to one loop: that of the thread that makes it, or, if none runs there, that of the
/// first task that uses it. Only tasks of that loop may wait. Any thread may `set` and `set_all`.
/// For its lifetime see `event`.
class auto_reset_event final : private detail::loop_bound {
 public:
  auto_reset_event() = default;

  /// Wakes one waiting task; if none waits, the next `wait` passes. Several calls without a `wait`
  /// between them count as one. From another thread it happens when the loop has received the
  /// request.
  void set() noexcept {
    if (here()) [[likely]] {
      set_here();
    } else {
      request_count(1);
    }
  }

  /// Wakes all tasks that wait now; it lets no later `wait` pass. From another thread as `set`, and
  /// after the `set`s that arrive at the loop together with it.
  void set_all() noexcept {
    if (here()) [[likely]] {
      waiters_.wake_all();
    } else {
      request_flag(all);
    }
  }

  /// Waits for a `set`, and uses it up. Allocates nothing.
  /// \throws std::logic_error in a task of another loop.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, and no `set` is used up. A task that was let pass before the
  /// cancel came goes on, and the cancel stays pending.
  [[nodiscard]] detail::gate_wait<auto_reset_event> wait() noexcept {
    return detail::gate_wait(*this);
  }

 private:
  friend class detail::gate_wait<auto_reset_event>;
  static constexpr const char* wait_name = "auto_reset_event::wait";
  static constexpr std::uint64_t all = std::uint64_t{1} << 62;

  [[nodiscard]] bool pass_gate() noexcept { return std::exchange(set_, false); }
  void set_here() noexcept {
    if (waiters_.empty()) {
      set_ = true;
    } else {
      waiters_.front().wake();
    }
  }
  void apply(std::uint64_t requests) noexcept override;

  detail::wait_list<detail::gate_wait<auto_reset_event>> waiters_;
  bool set_ = false;
};

}  // namespace lariat
