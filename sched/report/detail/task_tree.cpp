#include <lariat/sched/report/detail/task_tree.hpp>

#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/detail/task_text.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/text/detail/duration_text.hpp>
#include <lariat/sched/text/detail/site_text.hpp>

#include <map>
#include <vector>

namespace lariat::detail {
namespace {

using children_of = std::map<const context*, std::vector<const context*>>;

void append_state(std::string& text, const context& task, clock_ns now) {
  const operation* waits = task.waiting_in();
  if (waits == nullptr) {
    text += task.computing_on() == nullptr ? " is ready or running" : " computes on a pool";
    return;
  }
  text += " waits in " + operation_text(*waits) + " for " + duration_text(task.waiting_for(now));
}

void append_chain(std::string& text, const context& task, const std::string& indent) {
  const operation* waits = task.waiting_in();
  if (waits == nullptr) return;
  for (const promise_base* each = waits->waiter(); each != nullptr; each = each->awaiter()) {
    const std::source_location site = each->site();
    if (is_adapter(site)) continue;  // It is lariat's own, and tells a user nothing.
    text += indent + "  at " + site_text(site) + "  " + function_text(site.function_name()) + '\n';
  }
}

void append_task(std::string& text, const context& task, const children_of& children, clock_ns now,
                 std::size_t depth) {
  constexpr std::size_t depth_max = 64;  // Deeper trees are cut: a dump is for people.
  const std::string indent(2 * depth, ' ');
  text += indent + task_text(task);
  append_state(text, task, now);
  if (task.cancel_pending()) text += ", being cancelled";
  if (task.spawn_site().line() != 0) {
    text += (task.parent() == nullptr ? "; spawned at " : "; child made at ") +
            site_text(task.spawn_site());
  }
  text += '\n';
  append_chain(text, task, indent);
  const auto own = children.find(&task);
  if (own == children.end()) return;
  if (depth == depth_max) {
    text += indent + "  (deeper tasks are not shown)\n";
    return;
  }
  for (const context* each : own->second) append_task(text, *each, children, now, depth + 1);
}

}  // namespace

std::string task_tree(loop& where) {
  children_of children;
  std::vector<const context*> roots;
  where.for_each_task([&](const context& task) {
    // A parent that is on another loop, or a coroutine of another library, is not in this list: its
    // child is shown as a root.
    const context* parent = task.parent();
    if (parent == nullptr || parent->owner() != &where || !parent->live()) {
      roots.push_back(&task);
    } else {
      children[task.parent()].push_back(&task);
    }
  });
  std::string text;
  for (const context* each : roots) append_task(text, *each, children, where.now(), 0);
  return text;
}

}  // namespace lariat::detail
