#pragma once

#include <lariat/sched/executor/driver.hpp>
#include <lariat/sched/thread/detail/parker.hpp>

namespace lariat {

/// The driver of a loop without I/O: timers, tasks and other threads' posts, no ring. It sleeps on
/// a futex. An operation of io must not be awaited on such a loop.
class futex_driver final : public driver {
 public:
  /// Nothing can be pending here.
  void poll() noexcept override {}

  void park(clock_ns deadline) noexcept override { parker_.park(deadline); }
  void wake() noexcept override { parker_.wake(); }

 private:
  detail::parker parker_;
};

}  // namespace lariat
