// Only operations end without throwing; a task's exceptions are of any type.
// first: A task may throw anything: catch it, or spawn the task and await as_result(handle)

#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/result.hpp>
#include <lariat/sched/task/spawn.hpp>

lariat::task<int> work() { co_return 1; }

lariat::task<> caller() {
#ifdef CORRECT
  lariat::join_handle<int> handle = lariat::spawn(work);
  const lariat::outcome<int> end = co_await lariat::as_result(handle);
#else
  const auto end = co_await lariat::as_result(work());
#endif
  (void)end;
}
