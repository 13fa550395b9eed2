#pragma once

#include <lariat/sched/coroutine/detail/frame_stack.hpp>

namespace lariat::detail {

class fork_scope;

/// A sequence of coroutines that run one after the other on one frame stack, on one thread at a
/// time: a coroutine, then those of its forked children that were not stolen. A plain value,
/// because it is part of the thread's state and moves between threads.
struct stacklet {
  frame_stack frames;
  fork_scope* scope = nullptr;
};

}  // namespace lariat::detail
