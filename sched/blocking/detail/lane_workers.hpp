#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/sched/blocking/detail/lane_intake.hpp>
#include <lariat/sched/blocking/detail/thread_operation.hpp>
#include <lariat/sched/blocking/lane.hpp>
#include <lariat/sched/thread/clock.hpp>
#include <lariat/sched/thread/detail/parker.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace lariat::detail {

/// The threads of a lane: how many there are, who sleeps, and who is woken or started for what is
/// queued. Protocol: sched/README.md, "Lanes".
class lane_workers {
  static constexpr clock_ns spin_min_ns = 2'000;

 public:
  lane_workers(lane& front, std::string name, const lane_options& options);
  /// In a forked child: one that is made as `parents` was, which has none of its threads.
  explicit lane_workers(const lane_workers* parents);
  ~lane_workers();

  [[nodiscard]] bool submit(thread_operation& call) noexcept;
  void submit(call_chain& calls) noexcept;
  [[nodiscard]] bool withdraw(thread_operation& call) noexcept;
  void nested_call_ended() noexcept;
  [[nodiscard]] lane_metrics metrics() noexcept;
  void live_for_ever() noexcept { for_ever_ = true; }

  // One thread, from its start to its end.
  struct worker {
    worker(lane_workers& owner, unsigned number) noexcept : owner(owner), number(number) {}

    lane_workers& owner;
    const unsigned number;
    worker* next = nullptr;       // In the list of all.
    worker* next_idle = nullptr;  // In the list of sleepers.
    bool asleep = false;          // Whether it is in that.
    unsigned waits = 0;           // Calls to its own lane that its function waits for.
    clock_ns spin_ns = spin_min_ns;
    std::thread thread;
    detail::parker parker;
  };

  // This thread's; null on threads of no lane.
  static worker* current() noexcept;

  lane& front;
  const std::string name;
  const unsigned threads_max;

 private:
  using lock = std::unique_lock<std::mutex>;

  [[nodiscard]] bool enter_nested(worker& self) noexcept;
  void attend() noexcept;
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

  std::mutex mutex_;  // Protects what follows, and the members of workers and calls.
  worker* all_ = nullptr;
  worker* sleepers_ = nullptr;  // The last to fall asleep is the first.
  unsigned threads_ = 0;
  unsigned asleep_ = 0;
  unsigned threads_limit_;        // Below the most while no more could be started.
  unsigned threads_waiting_ = 0;  // Those whose function waits for a call to this lane.
  std::uint64_t calls_ = 0;
  int start_error_ = 0;
  bool stopping_ = false;
  std::condition_variable all_left_;
  // Of the process that forked this one: nothing of it may be given back, for it is as the fork
  // found it.
  [[maybe_unused]] const lane_workers* const parents_ = nullptr;
  std::thread left_last_;  // Whoever leaves joins the one before: none is left behind.
  bool for_ever_ = false;  // Nobody will join the last: each is on its own.
  lane_intake<call_inbox, call_queue, std::atomic<bool>> intake_;
};

}  // namespace lariat::detail
