#pragma once

#include <lariat/io/driver/loop_driver.hpp>
#include <lariat/runtime/observe/detail/stuck_monitor.hpp>
#include <lariat/runtime/run/options.hpp>
#include <lariat/sched/executor/detail/outstanding_work.hpp>
#include <lariat/sched/executor/detail/timer_wheel.hpp>
#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/loop/loop.hpp>

#include <cstddef>
#include <optional>
#include <thread>

namespace lariat {
class runtime;
}

namespace lariat::detail {

/// The runtime whose loop runs on this thread; null on others.
[[nodiscard]] runtime* running_runtime() noexcept;

/// A loop with its ring and, but for a first one that `block_on` runs, its thread.
class loop_thread {
 public:
  /// Whichever thread runs it is pinned to `cpu`, unless that is negative.
  /// \throws io::io_uring_unavailable
  loop_thread(const runtime_options& options, int cpu, outstanding_work& work, stuck_report& stuck);
  loop_thread(const loop_thread&) = delete;
  loop_thread& operator=(const loop_thread&) = delete;

  [[nodiscard]] lariat::loop& loop() noexcept { return loop_; }

  [[nodiscard]] bool has_thread() const noexcept { return thread_.joinable(); }

  /// Runs the loop on a thread of its own until `end`. \throws std::system_error
  void start_thread(runtime& owner, std::size_t index);

  [[nodiscard]] bool never_ran() const noexcept { return runner_ == std::thread::id(); }

  /// Whether this thread may run the loop: a ring belongs to the thread that ran it first.
  [[nodiscard]] bool belongs_here() const noexcept;

  /// Runs the loop on this thread until `done`.
  void run_here(runtime& owner, const bool& done);

  /// Cancels the loop's tasks, present and future. Those that take longer than the grace are named
  /// on stderr. On any thread if the loop has one of its own, otherwise on that which runs it.
  void close() noexcept;

  /// Runs the loop on this thread until `end`, and what is left in it.
  void run_to_end(runtime& owner);

  /// Ends the loop, when no work is left on any. Any thread.
  void end() noexcept { loop_.post(ender_); }

  /// Waits for the thread, if there is one.
  void join();

 private:
  /// One thing that the loop is told to do.
  class order final : public runnable {
   public:
    using function = void (*)(loop_thread& thread);
    order(loop_thread& thread, function action) noexcept : thread_(thread), action_(action) {}
    void run() noexcept override { action_(thread_); }

   private:
    loop_thread& thread_;
    function action_;
  };

  void close_here() noexcept;
  void start_grace() noexcept;
  void remind() noexcept;

  clock_ns grace_;
  int cpu_;
  io::loop_driver driver_;
  std::optional<stuck_monitor> monitor_;  // Where deadlocks are looked for.
  lariat::loop loop_;
  std::thread thread_;
  std::thread::id runner_;  // Of the thread that ran the loop first.

  // From here on the loop's thread's own.
  bool ended_ = false;
  bool swept_ = false;
  order closer_;
  order ender_;
  order sweeper_;
  order reminder_;
  timer_entry grace_timer_;
};

}  // namespace lariat::detail
