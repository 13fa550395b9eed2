#pragma once

#include <lariat/sched/sync/detail/gate_wait.hpp>

#include <cstdint>
#include <utility>

namespace lariat {

/// A turnstile: each `set` lets one task pass, the one that waits longest, or the next that comes
/// (Tokio's Notify). Unlike a semaphore it remembers one `set` at most.
///
/// \par Threads
/// It belongs to one loop, that of the thread that makes it, else that of the first task that uses
/// it; the tasks of that loop may wait. Any thread may `set` and `set_all`. As to its life, see
/// `event`.
class auto_reset_event final : private detail::loop_bound {
 public:
  auto_reset_event() = default;

  /// Wakes one that waits; if nobody does, the next `wait` passes. Several without a `wait` between
  /// them are one. From another thread it happens when the loop has heard of it.
  void set() noexcept {
    if (here()) [[likely]] {
      set_here();
    } else {
      request_count(1);
    }
  }

  /// Wakes all who wait now, and lets nobody pass who comes later. From another thread, as `set`,
  /// and behind the `set`s that come to the loop with it.
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
  /// Ends by operation_cancelled, and no `set` is used up. Who was let pass has passed: then the
  /// cancel stays pending.
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
