#include <lariat/sched/pool/detail/fork_group.hpp>

#include <lariat/sched/cancel/cancelled.hpp>

#include <utility>

namespace lariat::detail {

// Whether the call was stopped, or a child has failed in this group or one that it descends from.
// The groups above can be read without a lock: all of them wait for this one, so they are alive,
// and only their tag bits change.
bool fork_group::has_to_stop() const noexcept {
  const fork_scope& all = scope();
  if (all.stopped()) return true;
  for (const fork_group* each = this;;) {
    if ((each->scope_word().load(std::memory_order_relaxed) & failed_bit) != 0) return true;
    if (each == all.root) return false;
    each = &fork_promise_base::of(each->parent_).group();
  }
}

// The root's parent is no coroutine, and nothing can have failed before it.
void fork_group::check_stopped() const {
  if (has_to_stop()) throw operation_cancelled({});
}

std::coroutine_handle<> fork_group::next_disturbed(void* child) noexcept {
  while (has_to_stop()) {
    scope_word().fetch_or(dropped_bit, std::memory_order_relaxed);
    if (unstarted_ == 0) return parent();
    if (!current_worker()->forks().pop(child)) return join();
    if (&fork_promise_base::of(child).group() != this) return join_without(child);
    --unstarted_;
  }
  return std::coroutine_handle<>::from_address(child);
}

void fork_group::child_failed() noexcept {
  const std::uintptr_t before = scope_word().fetch_or(failed_bit, std::memory_order_relaxed);
  // After the bit was set: a thread that finds the scope disturbed looks for it.
  if ((before & failed_bit) == 0) scope().failed();
}

void fork_group::rethrow_failure(std::exception_ptr first) {
  if ((scope_word().load(std::memory_order_relaxed) & failed_bit) != 0) scope().recovered();
  if (first == nullptr) throw operation_cancelled({});
  std::rethrow_exception(std::move(first));
}

// Called when the rest of the children was stolen.
std::coroutine_handle<> fork_group::join() noexcept {
  const std::int32_t stolen = unstarted_;
  current_worker()->put_aside(stacklet_);
  if (!joined_.arrive(stolen))
    return std::noop_coroutine();  // A child goes on with it, perhaps already.
  current_worker()->go_on_with(stacklet_);
  return parent();
}

// `child` is another group's, left in the deque by a stacklet that `run_nested` has put aside. This
// group's own remaining children were stolen.
std::coroutine_handle<> fork_group::join_without(void* child) noexcept {
  current_worker()->put_back(child);
  return join();
}

void fork_group::run_stolen(void* child) noexcept {
  fork_promise_base& promise = fork_promise_base::of(child);
  promise.mark_stolen();
  fork_group& group = promise.group();
  fork_scope& scope = group.scope();
  current_stacklet().scope = &scope;
  if (scope.disturbed() && group.has_to_stop()) [[unlikely]] {
    group.scope_word().fetch_or(dropped_bit, std::memory_order_relaxed);
    return group.stolen_ended().resume();
  }
  std::coroutine_handle<>::from_address(child).resume();
}

std::coroutine_handle<> fork_group::stolen_ended() noexcept {
  if (!joined_.child_ended()) return std::noop_coroutine();
  current_worker()->go_on_with(stacklet_);
  return parent();
}

}  // namespace lariat::detail
