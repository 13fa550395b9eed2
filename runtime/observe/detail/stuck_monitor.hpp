#pragma once

#include <lariat/sched/loop/detail/loop_monitor.hpp>
#include <lariat/sched/thread/clock.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace lariat {
class loop;
}

namespace lariat::detail {

/// Prints to stderr.
void print_report(void*, const std::string& text);

/// What the loops of a runtime, whose tasks may wake each other, know together of being stuck.
class stuck_report {
 public:
  using printer = void (*)(void* state, const std::string& text);

  /// `print(state, text)` is called once at most, on the thread of the loop that came to rest last.
  explicit stuck_report(std::size_t loops, printer print = &print_report,
                        void* state = nullptr) noexcept
      : active_(loops), loops_(loops), print_(print), state_(state) {}

 private:
  friend class stuck_monitor;

  void rest(loop& where);
  void stir(bool had_tasks) noexcept;
  [[nodiscard]] bool made() const noexcept { return made_.load(std::memory_order_relaxed); }

  std::atomic<std::size_t> active_;       // Loops that do not rest.
  std::atomic<std::size_t> waiting_ = 0;  // Loops that rest and have tasks.
  std::atomic<bool> made_ = false;        // Relaxed: nothing follows from it.
  std::size_t loops_;
  printer print_;
  void* state_;
};

/// Reports that all tasks of a runtime wait for each other: at a semaphore, an event, a channel or
/// the like, and not for time, the kernel or a call that a thread works on. Nobody but a thread
/// that the runtime does not know of could wake them. If one does, the program is made so, and it
/// will happen again: hence one report for each runtime. sched/README.md, "Deadlocks".
///
/// With an operation in flight, or a timer, it costs a few instructions for each sleep of the loop;
/// otherwise one wake-up for each sleep that is long.
class stuck_monitor final : public loop_monitor {
 public:
  /// How long nothing may have happened: a thread that serves tasks mostly answers sooner.
  static constexpr clock_ns patience_ns = 1'000'000'000;

  stuck_monitor(loop& watched, stuck_report& report) noexcept : loop_(watched), report_(report) {}
  stuck_monitor(const stuck_monitor&) = delete;  // The loop refers to it.
  stuck_monitor& operator=(const stuck_monitor&) = delete;

  clock_ns before_sleep() noexcept override;
  void woken() noexcept override;
  void refused(const context& late) noexcept override;

 private:
  loop& loop_;
  stuck_report& report_;
  std::uint64_t turn_ = 0;        // Of the loop, in which it was asked last.
  clock_ns until_ = no_deadline;  // The end of its patience, once that has begun.
  bool rests_ = false;
  bool had_tasks_ = false;  // When it came to rest.
};

}  // namespace lariat::detail
