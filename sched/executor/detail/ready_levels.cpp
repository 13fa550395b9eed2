#include <lariat/sched/executor/detail/ready_levels.hpp>

namespace lariat::detail {

unsigned ready_levels::level_of(const runnable& step) noexcept {
  switch (step.ready_level()) {
    case task_priority::high:
      return 0;
    case task_priority::normal:
      return 1;
    case task_priority::low:
      break;
  }
  return low;
}

bool ready_levels::empty() const noexcept {
  for (const run_queue& each : queues_) {
    if (!each.empty()) return false;
  }
  return true;
}

void ready_levels::sort(run_queue& arrived) noexcept {
  while (runnable* const step = arrived.pop()) queues_[level_of(*step)].push(*step);
}

runnable* ready_levels::pop() noexcept {
  unsigned first = 0;
  while (queues_[first].empty()) {
    if (++first == levels) return nullptr;
  }
  taken_ = first;
  // Never two in a row, so that what is urgent waits for one at most.
  for (unsigned level = low; !aged_ && level > first; --level) {
    if (queues_[level].empty() || passed_over_[level] < patience) continue;
    taken_ = level;
    break;
  }
  aged_ = taken_ != first;
  for (unsigned level = taken_ + 1; level < levels; ++level) {
    if (!queues_[level].empty()) ++passed_over_[level];
  }
  passed_over_[taken_] = 0;
  return queues_[taken_].pop();
}

}  // namespace lariat::detail
