#include <lariat/sched/detail/pool_run.hpp>

#include <lariat/sched/context.hpp>
#include <lariat/sched/detail/behalf.hpp>
#include <lariat/sched/loop.hpp>
#include <lariat/sched/pool.hpp>

#include <memory>
#include <utility>

namespace lariat::detail {

void resume_on_pool(const context& task, std::coroutine_handle<> coroutine) noexcept {
  const behalf here(&task);
  coroutine.resume();  // It may be on another thread, or gone, when this returns.
}

void pool_run::start(pool& where, std::coroutine_handle<> body) noexcept {
  body_ = body;
  where.post(*this);
}

void pool_run::run() noexcept {
  if (body_ != nullptr) return resume_on_pool(task_, std::exchange(body_, nullptr));
  const std::unique_ptr<pool_run> self(this);
  task_.owner()->set_running(task_);  // Its frame goes, and what lies there.
  ended_(state_);
}

void pool_run::returned(return_point* self) noexcept {
  auto& run = *static_cast<pool_run*>(self);
  run.task_.owner()->post(run);
}

}  // namespace lariat::detail
