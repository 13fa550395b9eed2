#include <lariat/sched/detail/fork_group.hpp>

#include <lariat/sched/cancelled.hpp>

namespace lariat::detail {

void fork_group::throw_cancelled() { throw operation_cancelled({}); }

// The rest of the children was stolen.
std::coroutine_handle<> fork_group::join() noexcept {
  const std::int32_t stolen = unstarted_;
  current_worker()->lay_down(strand_);
  if (!joined_.arrive(stolen)) return std::noop_coroutine();  // Not ours any more.
  current_worker()->take_up(strand_);
  return parent();
}

// A strand that `help_until` has put aside left the child here; ours were stolen long ago.
std::coroutine_handle<> fork_group::join_without(void* child) noexcept {
  current_worker()->forks().push(1, [child](std::size_t) { return child; });
  return join();
}

void fork_group::run_stolen(void* child) noexcept {
  fork_promise_base& promise = fork_promise_base::of(child);
  promise.mark_stolen();
  current_strand().scope = promise.group().scope_;
  std::coroutine_handle<>::from_address(child).resume();
}

std::coroutine_handle<> fork_group::stolen_ended() noexcept {
  if (!joined_.child_ended()) return std::noop_coroutine();
  current_worker()->take_up(strand_);
  return parent();
}

}  // namespace lariat::detail
