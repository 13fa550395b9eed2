#pragma once

namespace lariat {
class context;
}

namespace lariat::detail {

/// On a pool's worker: the task on whose behalf it computes. Null on other threads.
[[nodiscard]] const context* computing_task() noexcept;

/// The task that runs on this thread: on its loop, on a pool on its behalf, or in its `to_thread`.
/// Null if none does.
[[nodiscard]] const context* running_task() noexcept;

}  // namespace lariat::detail
