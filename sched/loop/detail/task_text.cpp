#include <lariat/sched/loop/detail/task_text.hpp>

#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/text/detail/shown_name.hpp>
#include <lariat/sched/text/detail/site_text.hpp>

#include <string_view>

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

std::string operation_text(const operation& waits) { return operation_text(waits.info()); }

std::string operation_text(const operation_info& waits) {
  std::string text = waits.name;
  if (waits.fd >= 0) text += "(fd " + std::to_string(waits.fd) + ')';
  return text;
}

bool is_adapter(std::source_location site) noexcept {
  const std::string_view file = site.file_name();
  return file.ends_with("lariat/sched/task/detail/child.hpp") ||
         file == "sched/task/detail/child.hpp";
}

std::source_location written_site(const operation& waits) noexcept {
  const promise_base* const waiter = waits.waiter();
  if (waiter == nullptr) return {};
  std::source_location site = waiter->site();
  for (const context* task = waiter->task_context(); task != nullptr && is_adapter(site);
       task = task->parent()) {
    site = task->spawn_site();
  }
  return site;
}

std::string waiting_text(const operation& waits) {
  const promise_base* const waiter = waits.waiter();
  if (waiter == nullptr) return "a coroutine that is no task waits in " + operation_text(waits);
  return spawned_text(*waiter->task_context()) + " waits in " + operation_text(waits) + " at " +
         site_text(written_site(waits));
}

std::string waiting_text(const context& task) {
  const operation* const waits = task.waiting_in();
  return waits == nullptr ? spawned_text(task) : waiting_text(*waits);
}

}  // namespace lariat::detail
