#pragma once

#include <lariat/sched/detail/deque.hpp>
#include <lariat/sched/detail/parker.hpp>
#include <lariat/sched/detail/thread_state.hpp>

#include <atomic>
#include <cstddef>

namespace lariat::detail {

class pool_core;

/// One thread of a pool: its forks that nobody has taken yet, and where it sleeps.
class pool_worker {
 public:
  using fork_deque = basic_deque<void*, std::atomic, deque_fences>;

  pool_worker(pool_core& core, std::size_t index) : core_(core), index_(index) {}
  pool_worker(const pool_worker&) = delete;
  pool_worker& operator=(const pool_worker&) = delete;
  ~pool_worker() { spare_.release(); }

  [[nodiscard]] fork_deque& forks() noexcept { return forks_; }
  [[nodiscard]] pool_core& core() const noexcept { return core_; }
  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  [[nodiscard]] parker& bed() noexcept { return bed_; }

  /// Thieves have asked for more, or sleep.
  void share() noexcept;

  /// Puts the thread's strand aside, into `keeper`, and begins another.
  void lay_down(strand& keeper) noexcept;

  /// Goes on with one that was put aside, here or on another thread. \pre The current one is over.
  void take_up(const strand& keeper) noexcept;

 private:
  fork_deque forks_;
  frame_stack spare_;  // An empty one, kept.
  pool_core& core_;
  std::size_t index_;
  parker bed_;
};

}  // namespace lariat::detail
