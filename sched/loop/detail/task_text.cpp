#include <lariat/sched/loop/detail/task_text.hpp>

#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/text/detail/shown_name.hpp>
#include <lariat/sched/text/detail/site_text.hpp>

namespace lariat::detail {
namespace {

std::string spawned_text(const context& task) {
  std::string text = task_text(task);
  if (task.spawn_site().line() != 0) {
    text += " (spawned at " + site_text(task.spawn_site()) + ')';
  }
  return text;
}

}  // namespace

std::string task_text(const context& task) {
  std::string text = "task " + std::to_string(task.id());
  if (!task.name().empty()) text += ' ' + quoted_name(task.name());
  return text;
}

std::string operation_text(const operation& waits) {
  const operation_info info = waits.info();
  std::string text = info.name;
  if (info.fd >= 0) text += "(fd " + std::to_string(info.fd) + ')';
  return text;
}

std::string waiting_text(const operation& waits) {
  const promise_base* const waiter = waits.waiter();
  if (waiter == nullptr) return "a coroutine that is no task waits in " + operation_text(waits);
  return spawned_text(*waiter->task_context()) + " waits in " + operation_text(waits) + " at " +
         site_text(waiter->site());
}

std::string waiting_text(const context& task) {
  const operation* const waits = task.waiting_in();
  return waits == nullptr ? spawned_text(task) : waiting_text(*waits);
}

}  // namespace lariat::detail
