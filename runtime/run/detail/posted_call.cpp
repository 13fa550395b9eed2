#include <lariat/runtime/run/detail/posted_call.hpp>

#include <lariat/sched/cancel/detail/is_cancelled.hpp>
#include <lariat/sched/executor/runtime_closed.hpp>
#include <lariat/sched/loop/detail/running_task.hpp>
#include <lariat/sched/loop/loop.hpp>

#include <exception>

namespace lariat::detail {

void posted_call::hand_over(std::unique_ptr<posted_call> call, loop& where,
                            std::source_location site) {
  call->place(where, site);
  if (const context* const maker = running_task()) call->inherit_from(*maker);
  // At last: what is announced is posted, or the loop would wait for it for ever.
  if (!where.announce()) throw runtime_closed("post");
  where.post(*call.release());
}

void posted_call::first_run() noexcept {
  loop& where = *owner();
  std::unique_ptr<posted_call> self(this);
  try {
    call();
  } catch (...) {
    const std::exception_ptr error = std::current_exception();
    set_name("post");
    if (!is_cancelled(error)) where.report(unhandled_failure(*this, error));
  }
  self.reset();
  where.arrived();  // Only now: until then the loop does not end.
}

}  // namespace lariat::detail
