#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/sched/blocking/detail/lane_intake.hpp>
#include <lariat/sched/blocking/detail/thread_operation.hpp>
#include <lariat/sched/blocking/lane.hpp>
#include <lariat/sched/thread/clock.hpp>
#include <lariat/sched/thread/detail/parker.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <thread>

namespace lariat::detail {

/// The threads of a lane, and the queue that they serve: starts or wakes a thread when calls are
/// queued, and lets idle threads sleep and end. Protocol: sched/README.md, "Lanes".
class lane_workers {
  static constexpr clock_ns spin_min_ns = 2'000;

 public:
  lane_workers(lane& front, std::string name, const lane_options& options);
  /// Makes a replacement for `parents` in a forked child, with the same name and options and no
  /// threads: those of `parents` exist only in the parent process.
  explicit lane_workers(const lane_workers* parents);
  ~lane_workers();

  [[nodiscard]] bool submit(thread_operation& call) noexcept;
  void submit(call_chain& calls) noexcept;
  [[nodiscard]] bool withdraw(thread_operation& call) noexcept;
  void call_ended() noexcept;
  void nested_call_ended() noexcept;
  [[nodiscard]] lane_metrics metrics() noexcept;
  void live_for_ever() noexcept { for_ever_ = true; }

  // One thread of the lane. Belongs to that thread, which deletes it when it ends.
  struct worker {
    worker(lane_workers& owner, unsigned number) noexcept : owner(owner), number(number) {}

    lane_workers& owner;
    const unsigned number;
    worker* next = nullptr;       // In the list of all threads.
    worker* next_idle = nullptr;  // In the list of sleepers.
    bool asleep = false;          // Whether it is in the list of sleepers.
    bool counted = false;         // In `running_`.
    unsigned waits = 0;           // Calls to its own lane that its function waits for.
    clock_ns spin_ns = spin_min_ns;
    std::thread thread;
    detail::parker parker;
  };

  // The worker of this thread; null if this is not a thread of a lane.
  static worker* current() noexcept;

  lane& front;
  const std::string name;
  const unsigned threads_max;
  const std::size_t queue_max;

 private:
  using lock = std::unique_lock<std::mutex>;
  static constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

  [[nodiscard]] bool submit_bounded(thread_operation& call) noexcept;
  [[nodiscard]] bool enter_nested(worker& self) noexcept;
  void attend() noexcept;
  void attend(lock& held) noexcept;
  [[nodiscard]] worker* check_attention() noexcept;
  [[nodiscard]] worker* summon() noexcept;
  void start_worker() noexcept;

  void work(worker& self) noexcept;
  [[nodiscard]] thread_operation* next_call(worker& self, lock& held) noexcept;
  [[nodiscard]] bool spin(worker& self, lock& held) noexcept;
  [[nodiscard]] bool sleep(worker& self, lock& held) noexcept;
  void leave(worker& self, lock& held) noexcept;

  const clock_ns idle_ns_;
  const clock_ns spin_max_ns_;
  const bool one_cpu_;

  // Protects the members that follow, the workers' places in the lists, and the calls in the queue.
  // Callers use parts of `intake_` without it.
  std::mutex mutex_;
  worker* all_ = nullptr;
  worker* sleepers_ = nullptr;  // The thread that fell asleep last comes first.
  unsigned threads_ = 0;
  unsigned asleep_ = 0;
  // Below `threads_max` after a thread could not be started, until a thread ends.
  unsigned threads_limit_;
  unsigned threads_waiting_ = 0;  // Threads whose function waits for a call to this lane.
  std::uint64_t calls_ = 0;
  std::uint64_t refused_ = 0;
  unsigned running_ = 0;  // Functions whose end their caller cannot know of yet.
  int start_error_ = 0;
  bool stopping_ = false;
  std::condition_variable all_left_;
  // The object that this one replaces in a forked child. The fork may have left it in any state, so
  // it is never destroyed; this pointer lets a leak checker find it.
  [[maybe_unused]] const lane_workers* const parents_ = nullptr;
  // The thread that ended last. The next one that ends joins it, and the destructor the very last,
  // so none stays unjoined.
  std::thread left_last_;
  // The lane is never destroyed, so nobody would join the last thread: all are detached.
  bool for_ever_ = false;
  lane_intake<call_inbox, call_queue, std::atomic<bool>> intake_;
};

}  // namespace lariat::detail
