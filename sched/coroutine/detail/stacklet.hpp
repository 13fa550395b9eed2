#pragma once

#include <lariat/sched/coroutine/detail/frame_stack.hpp>

namespace lariat::detail {

class fork_scope;

/// What runs one after the other on one frame stack, on one thread at a time: a coroutine, then the
/// children that it forked and nobody stole. A plain value, for it lies in the thread's state and
/// changes hands.
struct stacklet {
  frame_stack frames;
  fork_scope* scope = nullptr;
};

}  // namespace lariat::detail
