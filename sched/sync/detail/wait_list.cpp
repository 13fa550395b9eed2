#include <lariat/sched/sync/detail/wait_list.hpp>

#include <lariat/sched/loop/detail/task_text.hpp>

#include <cstdio>
#include <cstdlib>

namespace lariat::detail {

bool wait_operation::start() {
  if (must_cancel()) {
    cancelled_ = true;
    return false;
  }
  home_->require(owner(), info().name);
  return attempt() ? pass() : wait();
}

void wait_operation::cancel() noexcept {
  if (!linked()) return;  // It was woken already, and has what it waited for.
  cancelled_ = true;
  wake();
  withdrawn();
}

void wait_list_base::die_waited_for() const noexcept {
  std::fprintf(stderr,
               "lariat: what a task waits for was destroyed: %s. End the tasks that use a mutex, "
               "an event, a queue or the like before that.\n",
               waiting_text(front_link()).c_str());
  std::abort();
}

}  // namespace lariat::detail
