#include <lariat/sched/pool/detail/pool_task.hpp>

#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/pool/pool.hpp>

namespace lariat::detail {

bool pool_task_base::start() {
  if (refuse_if_cancelled()) return false;
  pool& where = where_ == nullptr ? pool::of(task_context()) : *where_;
  where.start();  // First, because it may throw, and nothing has been started yet.
  child_started(start_child(where, task_context(), await_site()));
  suspend();
  owner().expect_handoff(1);
  return true;
}

void pool_task_base::child_finished(context& child, const std::exception_ptr& error) noexcept {
  child_ended(child, error);
  complete();
}

void pool_task_base::run() noexcept {
  owner().expect_handoff(-1);
  operation::run();
}

}  // namespace lariat::detail
