#include <lariat/sched/pool/detail/pool_operation.hpp>

#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/pool/pool.hpp>

namespace lariat::detail {

pool& pool_operation::target() const { return where_ == nullptr ? pool::current() : *where_; }

bool pool_operation::start() {
  if (must_cancel()) {
    left_ = true;
    return false;
  }
  home_ = &owner();
  pool& where = where_ == nullptr ? pool::of(task_context()) : *where_;
  where.start();  // It may throw, so it comes before there is anything to undo.
  suspend();
  home_->expect_handoff(1);
  job().submit(where, *this, &task_context());
  return true;
}

void pool_operation::run() noexcept {
  home_->expect_handoff(-1);
  operation::run();
}

void pool_operation::cancel() noexcept {
  if (left_) return;  // It has ended already, and is queued.
  if (job().take_back()) {
    leave_job();
    left_ = true;
    complete();
  } else {
    job().request_stop();
  }
}

}  // namespace lariat::detail
