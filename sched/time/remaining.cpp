#include <lariat/sched/time/remaining.hpp>

#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/detail/running_task.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/loop/operation.hpp>

#include <algorithm>

namespace lariat {
namespace {

// A parent is suspended, in the operation that has the child, for as long as the child lives. So
// threads that work for the child may read what that is.
clock_ns deadline_of(const context& task) noexcept {
  clock_ns earliest = no_deadline;
  for (const context* each = task.parent(); each != nullptr; each = each->parent()) {
    if (const operation* const in = each->waiting_in(); in != nullptr) {
      earliest = std::min(earliest, in->deadline_of_children());
    }
  }
  return earliest;
}

}  // namespace

steady_time current_deadline() noexcept {
  const context* const task = detail::running_task();
  return steady_time(std::chrono::nanoseconds(task == nullptr ? no_deadline : deadline_of(*task)));
}

std::chrono::nanoseconds remaining() noexcept {
  const context* const task = detail::running_task();
  if (task == nullptr) return std::chrono::nanoseconds::max();
  const clock_ns deadline = deadline_of(*task);
  if (deadline == no_deadline) return std::chrono::nanoseconds::max();
  return std::chrono::nanoseconds(std::max<clock_ns>(deadline - task->owner()->now(), 0));
}

}  // namespace lariat
