#pragma once

#include <lariat/sched/thread/clock.hpp>

namespace lariat {
class context;
}

namespace lariat::detail {

/// Looks at what a loop does for who debugs a program: see `loop::monitor_by`. On the loop's
/// thread.
class loop_monitor {
 public:
  /// The loop is about to sleep for ever: nothing is ready and no timer is set. Gives the time by
  /// which it wants to be asked again, if nothing has come by then; `no_deadline` for never.
  virtual clock_ns before_sleep() noexcept = 0;

  /// Something has come.
  virtual void woken() noexcept = 0;

  /// A task has come to a loop that is closed: it is cancelled before it starts.
  virtual void refused(const context& late) noexcept = 0;

 protected:
  ~loop_monitor() = default;
};

}  // namespace lariat::detail
