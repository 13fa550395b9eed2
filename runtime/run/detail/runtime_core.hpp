#pragma once

#include <lariat/runtime/observe/detail/stuck_monitor.hpp>
#include <lariat/runtime/run/detail/loop_thread.hpp>
#include <lariat/runtime/run/options.hpp>
#include <lariat/sched/blocking/blocking_pool.hpp>
#include <lariat/sched/executor/detail/outstanding_work.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/pool/pool.hpp>
#include <lariat/sched/thread/detail/fork_listener.hpp>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace lariat {
class runtime;
}

namespace lariat::detail {

class main_task_base;

/// What a runtime's loops share.
class runtime_core {
 public:
  /// Makes the rings, and starts the threads of all loops but the first.
  runtime_core(runtime& owner, const runtime_options& options);
  runtime_core(const runtime_core&) = delete;
  runtime_core& operator=(const runtime_core&) = delete;

  [[nodiscard]] loop_thread& first() noexcept { return *threads_.front(); }
  [[nodiscard]] std::size_t size() const noexcept { return threads_.size(); }
  [[nodiscard]] loop_thread& thread(std::size_t index) noexcept { return *threads_[index]; }
  [[nodiscard]] const runtime_options& options() const noexcept { return options_; }

  [[nodiscard]] bool stopped() const noexcept { return stopped_.load(); }

  /// Whether a process that forked this one has made it, and has its threads.
  [[nodiscard]] bool inherited() const noexcept { return made_in_ != process_generation(); }

  /// Instead of the end of one that is inherited: its threads and its rings are the parent's.
  void leave_behind() noexcept;

  /// Runs `main` to its end, here or where the first loop runs.
  void run_main(runtime& owner, main_task_base& main);

  /// Told on the first loop's thread when `main` begins and when it has ended.
  void main_started(main_task_base& main) noexcept { main_ = &main; }
  void main_ended() noexcept;

  /// Why this thread may not shut it down; null if it may.
  [[nodiscard]] const char* obstacle_to_shutdown() noexcept;

  /// Cancels everything and waits for its end. Gives the failures that nobody awaited.
  [[nodiscard]] std::vector<std::exception_ptr> shut_down(runtime& owner);

 private:
  using thread_list = std::vector<std::unique_ptr<loop_thread>>;

  static void failure_hook(void* core, const unhandled_failure& failure) noexcept;
  void report(const unhandled_failure& failure) noexcept;
  void cancel_main() noexcept;
  void give_up_unstarted() noexcept;

  const runtime_options options_;
  const unsigned made_in_ = process_generation();
  outstanding_work work_;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> in_block_on_ = false;
  main_task_base* main_ = nullptr;  // The first loop's thread's own.

  std::mutex mutex_;  // Protects the next two.
  bool main_done_ = false;
  std::vector<std::exception_ptr> failures_;
  std::condition_variable main_over_;

  runtime_core* left_before_ = nullptr;
  stuck_report stuck_;

  // Last: until the loops are gone handles that are dropped may report failures.
  std::optional<blocking_pool> blocking_;
  std::optional<pool> computing_;
  thread_list threads_;
};

}  // namespace lariat::detail
