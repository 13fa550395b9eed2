#pragma once

namespace lariat {
class context;
class loop;
class operation;
}  // namespace lariat

namespace lariat::detail {

/// Checks, before a task waits in `about`, whether all tasks that could wake it wait for it,
/// directly or through others. A task with a time limit, or that waits for one of several things of
/// which another may happen, counts as going on. Looks at the loop's tasks, and allocates, only if
/// the tasks that `about` names wait for tasks as well.
/// \throws std::logic_error with the place of each await.
void refuse_deadlock(const operation& about);

/// Whether every task of the loop waits for another one: then all wait for ever, unless a thread
/// wakes one. Looks at all tasks.
[[nodiscard]] bool all_wait_for_tasks(loop& where);

}  // namespace lariat::detail
