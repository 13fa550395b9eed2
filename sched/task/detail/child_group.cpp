#include <lariat/sched/task/detail/child_group.hpp>

#include <lariat/sched/cancel/detail/is_cancelled.hpp>
#include <lariat/sched/loop/loop.hpp>

#include <cstdint>

namespace lariat::detail {

bool child_group::start() noexcept {
  if (must_cancel()) {
    refused_ = true;
    return false;
  }
  if (count_ == 0) return false;
  suspend();
  const std::source_location site = await_site();
  const std::uint64_t random = in_order() ? 0 : loop::random();
  const bool backwards = (random & 1) != 0;
  auto index = static_cast<std::size_t>((random >> 32) * count_ >> 32);
  for (std::size_t left = count_; left > 0; --left) {
    start_child(index, task_context(), site);
    if (backwards) {
      index = (index == 0 ? count_ : index) - 1;
    } else if (++index == count_) {
      index = 0;
    }
  }
  return true;
}

void child_group::cancel() noexcept {
  cancelled_ = true;
  cancel_rest({});
}

woken_by child_group::depends_on(dependency_visitor& visit) const {
  for (std::size_t index = 0; index < count_; ++index) {
    if (child_at(index).live() && !visit.task(child_at(index))) break;
  }
  // All children have to end, but any one that goes on can be enough: it may fail, which cancels
  // the others, or release something that its parent holds.
  return woken_by::any_of;
}

void child_group::cancel_rest(std::string_view reason) noexcept {
  for (std::size_t index = 0; index < count_; ++index) {
    context& each = child_at(index);
    if (each.live()) each.cancel(reason);
  }
}

void child_group::child_finished(context& child, const std::exception_ptr& error) noexcept {
  if (cancelled_ && is_cancelled(error)) cut_short_ = true;
  const bool first = decider_ == nobody && decides(error);
  if (first) {
    for (std::size_t index = 0; index < count_; ++index) {
      if (&child_at(index) == &child) decider_ = index;
    }
  }
  if (error != nullptr && (error_ == nullptr || (is_cancelled(error_) && !is_cancelled(error)))) {
    error_ = error;
  }
  if (--remaining_ == 0) return complete();
  if (first) cancel_rest("a sibling has ended");
}

void child_group::rethrow_error() const {
  if (refused_) throw_cancelled();
  if (error_ == nullptr) return;
  deliver_cancel(error_);
  std::rethrow_exception(error_);
}

void child_group::deliver_cancel(const std::exception_ptr& error) const {
  if (is_own_cancel(cancelled_, error)) throw_cancelled();
}

}  // namespace lariat::detail
