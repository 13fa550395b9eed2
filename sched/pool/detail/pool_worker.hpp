#pragma once

#include <lariat/sched/coroutine/detail/thread_state.hpp>
#include <lariat/sched/pool/detail/deque.hpp>
#include <lariat/sched/pool/detail/fork_origin.hpp>
#include <lariat/sched/thread/detail/parker.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace lariat::detail {

class pool_core;

/// One thread of a pool: the deque of its forks that have not been taken, and the parker in which
/// it sleeps.
class pool_worker {
 public:
  using fork_deque = basic_deque<void*, std::atomic, deque_fences>;
  using fork_origin = basic_fork_origin<const fork_scope*, std::atomic>;

  pool_worker(pool_core& core, std::size_t index) : core_(core), index_(index) {}
  pool_worker(const pool_worker&) = delete;
  pool_worker& operator=(const pool_worker&) = delete;
  ~pool_worker() { spare_.release(); }

  [[nodiscard]] fork_deque& forks() noexcept { return forks_; }
  [[nodiscard]] const fork_origin& origin() const noexcept { return origin_; }
  [[nodiscard]] pool_core& core() const noexcept { return core_; }
  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  [[nodiscard]] parker& own_parker() noexcept { return parker_; }

  /// Called when thieves have asked for work, or sleep: shares the deque and wakes one.
  void share() noexcept;

  /// Moves the thread's current stacklet to `keeper`, and begins a new one.
  void put_aside(stacklet& keeper) noexcept;

  /// Goes on with a stacklet that was put aside, here or on another thread. \pre The current
  /// stacklet has nothing left to run.
  void go_on_with(const stacklet& keeper) noexcept;

  /// What the worker pushes from now on belongs to the call `scope`. Returns the mark to pass to
  /// `leave`.
  [[nodiscard]] fork_origin::mark enter(const fork_scope& scope) noexcept;
  void leave(fork_origin::mark outer) noexcept {
    outer.first = std::max(outer.first, foreign_below_);
    origin_.set(outer);
  }

  /// Puts a child of another call back into the deque, marked as not belonging to the current call.
  void put_back(void* child) noexcept;

 private:
  fork_deque forks_;
  fork_origin origin_;
  // Items below this index may be another call's, put back by `put_back`.
  std::int64_t foreign_below_ = 0;
  frame_stack spare_;  // An empty stack, kept for the next stacklet.
  pool_core& core_;
  std::size_t index_;
  parker parker_;
};

}  // namespace lariat::detail
