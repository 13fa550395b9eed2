#include <lariat/sched/task/detail/pool_run.hpp>

#include <lariat/sched/coroutine/detail/behalf.hpp>
#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/loop.hpp>

#include <memory>
#include <utility>

namespace lariat::detail {

void pool_run::start(executor& where, std::coroutine_handle<> body) noexcept {
  body_ = body;
  where.post(*this);
}

void pool_run::run() noexcept {
  if (body_ != nullptr) return resume_on_pool(task_, std::exchange(body_, nullptr));
  const std::unique_ptr<pool_run> self(this);
  task_.owner()->set_running(task_);  // For the destructors of what is in its frame.
  ended_(state_);
}

void pool_run::returned(return_point* self) noexcept {
  auto& run = *static_cast<pool_run*>(self);
  run.task_.owner()->post(run);
}

}  // namespace lariat::detail
