#include <lariat/sched/scope/detail/sole_wait.hpp>

#include <lariat/sched/loop/detail/debug_options.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/report/detail/wait_chain.hpp>

#include <stdexcept>
#include <string>

namespace lariat::detail {

bool sole_wait::start() {
  if (must_cancel()) {
    cancelled_ = true;
    return false;
  }
  if (ready()) return false;
  if (place() != nullptr) {
    throw std::logic_error(std::string("lariat: ") + info().name +
                           ": another task awaits it already");
  }
  if (deadlock_checks()) refuse_deadlock(*this);
  suspend();
  place() = this;
  return true;
}

woken_by sole_wait::depends_on(dependency_visitor& visit) const {
  if (suspended() && place() != this) return woken_by::anything;  // Told already.
  visit_running(visit);
  return woken_by::any_of;
}

void sole_wait::cancel() noexcept {
  if (place() != this) return;  // It was told, and is queued already.
  place() = nullptr;
  cancelled_ = true;
  complete();
}

}  // namespace lariat::detail
