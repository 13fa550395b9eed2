#include <lariat/sched/task/local.hpp>

#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/detail/running_task.hpp>
#include <lariat/sched/loop/loop.hpp>

#include <algorithm>
#include <stdexcept>

namespace lariat::detail {
namespace {

context& require_task_on_loop() {
  loop* const here = loop::current();
  context* const task = here == nullptr ? nullptr : here->running();
  if (task == nullptr) {
    throw std::logic_error(
        "lariat: local: a value can be set by a task on its loop only, and none runs here");
  }
  return *task;
}

}  // namespace

const void* find_local(const void* key) noexcept {
  const context* const task = running_task();
  if (task == nullptr) return nullptr;
  const local_values* const values = task->locals();
  if (values == nullptr) return nullptr;
  for (const local_values::entry& each : values->entries) {
    if (each.key == key) return each.value.get();
  }
  return nullptr;
}

std::shared_ptr<const local_values> bind_local(const void* key, std::shared_ptr<const void> value) {
  context& task = require_task_on_loop();
  std::shared_ptr<const local_values> before = task.shared_locals();
  const auto changed = std::make_shared<local_values>();
  if (before != nullptr) {
    changed->entries.reserve(before->entries.size() + 1);
    changed->entries = before->entries;
  }
  auto& entries = changed->entries;
  const auto place = std::find_if(entries.begin(), entries.end(),
                                  [key](const auto& each) { return each.key == key; });
  if (place != entries.end()) {
    place->value = std::move(value);
  } else {
    entries.push_back({key, std::move(value)});
  }
  task.set_locals(changed);
  return before;
}

void restore_locals(std::shared_ptr<const local_values>&& before) noexcept {
  loop* const here = loop::current();
  context* const task = here == nullptr ? nullptr : here->running();
  if (task != nullptr) task->set_locals(std::move(before));
}

}  // namespace lariat::detail
