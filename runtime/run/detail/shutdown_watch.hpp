#pragma once

#include <lariat/sched/thread/clock.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace lariat {
class blocking_pool;
class pool;
}  // namespace lariat

namespace lariat::detail {

/// Ends the process if a shutdown takes longer than `runtime_options::shutdown_timeout_ns`: a
/// thread that waits for its end, and needs nothing of the loops, which may be stuck. There is no
/// such thread if the option is not set.
class shutdown_watch {
 public:
  /// `threads` and `workers` are what the runtime's functions run on.
  shutdown_watch(clock_ns limit, const blocking_pool& threads, const pool& workers) noexcept;
  shutdown_watch(const shutdown_watch&) = delete;
  shutdown_watch& operator=(const shutdown_watch&) = delete;
  /// The shutdown is over.
  ~shutdown_watch();

  /// No task lives any more; from here on `threads` and `workers` are being destroyed.
  void loops_ended() noexcept;

 private:
  void wait() noexcept;
  [[noreturn]] void give_up() noexcept;
  void tell_of_functions() const noexcept;

  const clock_ns limit_;
  const blocking_pool& threads_;
  const pool& workers_;
  std::mutex mutex_;  // Held while the report is written, so that what it looks at stays.
  std::condition_variable over_;
  bool done_ = false;
  bool loops_ended_ = false;
  std::thread thread_;
};

}  // namespace lariat::detail
