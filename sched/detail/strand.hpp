#pragma once

#include <lariat/sched/detail/frame_stack.hpp>

#include <atomic>

namespace lariat {
class context;
}

namespace lariat::detail {

/// What all forks of one call to a pool have in common.
struct fork_scope {
  std::atomic<bool> cancelled{false};  ///< Forks that start from now on end by operation_cancelled.
  const context* task = nullptr;       ///< On whose behalf they run; null if it may end first.
};

/// What runs one after the other on one frame stack, on one thread at a time: a coroutine, then the
/// children that it forked and nobody stole. A plain value, for it lies in the thread's state and
/// changes hands.
struct strand {
  frame_stack frames;
  fork_scope* scope = nullptr;
};

}  // namespace lariat::detail
