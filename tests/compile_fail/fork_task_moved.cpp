// expect: deleted

#include <lariat/sched/pool/fork_join.hpp>

#include <utility>

lariat::fork_task<> nothing() { co_return; }

lariat::fork_task<> caller() {
  auto kept = nothing();
#ifdef CORRECT
  co_await std::move(kept);
#else
  auto moved = std::move(kept);
  co_await std::move(moved);
#endif
}
