#pragma once

#include <lariat/sched/thread/clock.hpp>

namespace lariat {
class context;
}

namespace lariat::detail {

/// Watches a loop for deadlocks and late tasks: see `loop::monitor_by`. Called on the loop's
/// thread.
class loop_monitor {
 public:
  /// The loop is about to sleep without a deadline: nothing is ready and no timer is set. Returns
  /// the time at which to ask again if nothing has happened by then; `no_deadline` for never.
  virtual clock_ns before_sleep() noexcept = 0;

  /// A step has become ready since the loop went to sleep.
  virtual void woken() noexcept = 0;

  /// A task has come to a closed loop, and is cancelled before it starts.
  virtual void refused(const context& late) noexcept = 0;

 protected:
  ~loop_monitor() = default;
};

}  // namespace lariat::detail
