#include <lariat/sched/loop/detail/failure_text.hpp>

#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/loop/detail/task_text.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/text/detail/site_text.hpp>

namespace lariat::detail {

std::string exception_text(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& failure) {
    return failure.what();
  } catch (const operation_cancelled& cancelled) {
    return cancelled.reason().empty() ? "cancelled" : "cancelled: " + cancelled.reason();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

std::string failure_text(const unhandled_failure& failure) {
  const context& task = failure.task();
  std::string text = "lariat: " + task_text(task);
  text += " (spawned at " + site_text(task.spawn_site()) + ") failed and was not awaited: ";
  return text + exception_text(failure.error());
}

}  // namespace lariat::detail
