#include <lariat/sched/local.hpp>

#include <lariat/sched/context.hpp>
#include <lariat/sched/lane.hpp>
#include <lariat/sched/loop.hpp>
#include <lariat/sched/pool.hpp>

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

const context* running_task() noexcept {
  if (const loop* const here = loop::current()) {
    // In a simulation threads' and pools' functions run here, too, between two tasks.
    if (const context* const task = here->running()) return task;
  }
  if (const context* const task = pool::current_task()) return task;
  return lane::current_task();
}

const void* find_local(const void* key) noexcept {
  const context* const task = running_task();
  if (task == nullptr) return nullptr;
  for (const local_binding* each = task->locals(); each != nullptr; each = each->older.get()) {
    if (each->key == key) return each->value.get();
  }
  return nullptr;
}

std::shared_ptr<const local_binding> bind_local(const void* key,
                                                std::shared_ptr<const void> value) {
  context& task = require_task_on_loop();
  std::shared_ptr<const local_binding> before = task.shared_locals();
  task.set_locals(
      std::make_shared<const local_binding>(local_binding{key, std::move(value), before}));
  return before;
}

void restore_locals(std::shared_ptr<const local_binding>&& before) noexcept {
  loop* const here = loop::current();
  context* const task = here == nullptr ? nullptr : here->running();
  if (task != nullptr) task->set_locals(std::move(before));
}

}  // namespace lariat::detail
