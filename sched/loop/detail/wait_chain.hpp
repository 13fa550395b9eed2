#pragma once

#include <string>

namespace lariat {
class context;
class loop;
class operation;
}  // namespace lariat

namespace lariat::detail {

/// Whether LARIAT_DEBUG=1 is in the environment: who runs the program wants to be told all.
[[nodiscard]] bool debug_requested() noexcept;

/// Whether it is watched who waits for whom: with the library's assertions, LARIAT_DEBUG=1 or
/// LARIAT_DEBUG=deadlocks, but not with LARIAT_DEBUG=0. It does not change while the program runs.
[[nodiscard]] bool deadlock_checks() noexcept;

/// Asks, before a task waits in `about`, whether all who could wake it wait for it, themselves or
/// through others. Who waits with a time limit, or for one of several things of which another may
/// happen, will go on. Looks at the loop's tasks only if those that `about` names wait for tasks
/// as well; allocates only then.
/// \throws std::logic_error with the place of each await.
void refuse_deadlock(const operation& about);

/// Whether each task of the loop waits for another one: then, if no thread wakes one, all do so for
/// ever. Looks at all tasks.
[[nodiscard]] bool all_wait_for_tasks(loop& where);

}  // namespace lariat::detail
