#include <lariat/sched/loop/detail/one_child_operation.hpp>

namespace lariat::detail {

void one_child_operation::cancel() noexcept {
  cancelled_ = true;
  if (child_ != nullptr) child_->cancel("its awaiter was cancelled");
}

woken_by one_child_operation::depends_on(dependency_visitor& visit) const {
  if (child_ == nullptr) return woken_by::anything;
  (void)visit.task(*child_);
  return woken_by::all_of;
}

void one_child_operation::rethrow_error() const {
  if (refused_) throw_cancelled();
  if (error_ == nullptr) return;
  if (ended_by_own_cancel()) throw_cancelled();
  std::rethrow_exception(error_);
}

}  // namespace lariat::detail
