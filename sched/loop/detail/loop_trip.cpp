#include <lariat/sched/loop/detail/loop_trip.hpp>

#include <lariat/sched/coroutine/detail/behalf.hpp>
#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/loop.hpp>

#include <utility>

namespace lariat::detail {

loop_trip_base::loop_trip_base(std::coroutine_handle<> caller, const promise_base& promise) noexcept
    : stand_in(&loop_trip_base::resumed, nullptr), caller_(caller) {
  stand_in::promise().stand_in_on_loop_for(promise);
}

void loop_trip_base::start() noexcept { promise().task_context()->owner()->post(*this); }

void loop_trip_base::run() noexcept {
  context& task = *promise().task_context();
  if (back_) return resume_on_pool(task, caller_);
  task.owner()->set_running(task);
  try {
    const bool suspended = begin();
    if (suspended) return;
  } catch (...) {
    fail(std::current_exception());
    return go_back();
  }
  operation_ended();
}

void loop_trip_base::operation_ended() noexcept {
  try {
    keep_result();
  } catch (...) {
    fail(std::current_exception());
  }
  go_back();
}

void loop_trip_base::go_back() noexcept {
  back_ = true;
  promise().task_context()->computing_on()->post(*this);
}

}  // namespace lariat::detail
