#include <lariat/sched/pool/detail/pool_task.hpp>

#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/pool/pool.hpp>

namespace lariat::detail {

bool pool_task_base::start() {
  if (must_cancel()) {
    refused_ = true;
    return false;
  }
  pool& where = where_ == nullptr ? pool::of(task_context()) : *where_;
  where.start();  // Throws before anything is begun.
  const std::source_location site = waiter() == nullptr ? std::source_location() : waiter()->site();
  child_ = &start_child(where, task_context(), site);
  suspend();
  owner().expect_handoff(1);
  return true;
}

void pool_task_base::child_finished(context&, const std::exception_ptr& error) noexcept {
  child_ = nullptr;
  error_ = error;
  complete();
}

void pool_task_base::run() noexcept {
  owner().expect_handoff(-1);
  operation::run();
}

woken_by pool_task_base::depends_on(dependency_visitor& visit) const {
  if (child_ == nullptr) return woken_by::anything;
  (void)visit.task(*child_);
  return woken_by::all_of;
}

void pool_task_base::cancel() noexcept {
  cancelled_ = true;
  if (child_ != nullptr) child_->cancel("its awaiter was cancelled");
}

void pool_task_base::rethrow_error() const {
  if (refused_) throw_cancelled();
  if (error_ == nullptr) return;
  if (is_own_cancel(cancelled_, error_)) throw_cancelled();
  std::rethrow_exception(error_);
}

}  // namespace lariat::detail
