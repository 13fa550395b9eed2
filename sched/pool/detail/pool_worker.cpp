#include <lariat/sched/pool/detail/pool_worker.hpp>

#include <lariat/sched/coroutine/detail/fork_scope.hpp>
#include <lariat/sched/pool/detail/pool_core.hpp>

#include <utility>

namespace lariat::detail {

void pool_worker::share() noexcept {
  forks_.share();
  core_.wake_one();
}

void pool_worker::put_aside(stacklet& keeper) noexcept {
  stacklet& running = current_stacklet();
  keeper = running;
  running = {std::exchange(spare_, frame_stack()), nullptr};
}

void pool_worker::go_on_with(const stacklet& keeper) noexcept {
  spare_.release();
  stacklet& running = current_stacklet();
  spare_ = running.frames;
  running = keeper;
}

pool_worker::fork_origin::mark pool_worker::enter(const fork_scope& scope) noexcept {
  fork_origin::mark mark;
  mark.first = forks_.next_index();
  const fork_scope* each = &scope;
  for (const fork_scope*& call : mark.calls) {
    call = each;
    if (each != nullptr) each = each->outer();
  }
  const fork_origin::mark before = origin_.get();
  origin_.set(mark);
  return before;
}

void pool_worker::put_back(void* child) noexcept {
  // The child's index may differ from the one it had. Nothing newer is in the deque, so no other
  // item is affected, but marks that `leave` restores were made for the old index; `foreign_below_`
  // corrects them.
  fork_origin::mark mark = origin_.get();
  mark.first = foreign_below_ = forks_.next_index() + 1;
  origin_.set(mark);
  forks_.push(1, [child](std::size_t) { return child; });
}

}  // namespace lariat::detail
