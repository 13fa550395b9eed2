#include <lariat/sched/task/spawn.hpp>

#include <lariat/sched/text/detail/site_text.hpp>

#include <stdexcept>

namespace lariat::detail {

void refuse_closure_task(const promise_base& promise, std::source_location site) {
  if (!promise.made_by_closure()) return;
  throw std::logic_error(
      "lariat: spawn at " + site_text(site) +
      ": the task was made by calling a lambda with captures, which will be gone when the task "
      "runs. Spawn the lambda itself: spawn(lambda, args...)");
}

}  // namespace lariat::detail
