#pragma once

#include <lariat/sched/time/timer.hpp>

#include <chrono>

namespace lariat {

/// The earliest deadline of the running task: of the `timeout`s and `with_deadline`s that it runs
/// in, at whatever depth, those around its task group and its parents too. steady_time::max() if it
/// has none. A task that was spawned by itself, outside of a group, has none of its spawner's.
///
/// Costs a walk from the task to its outermost parent, and nothing where it is not called.
///
/// \par Threads
/// Wherever code runs for a task: on its loop, on a pool, in a function of `to_thread` or
/// `to_pool`. Elsewhere, and in a function that may be abandoned, there is no task.
[[nodiscard]] steady_time current_deadline() noexcept;

/// How long the running task may go on by `current_deadline` (Go's context.Deadline, gRPC's time
/// left): for the time limit of a query or a call to another service. Zero if the time is up,
/// nanoseconds::max() if there is no deadline; `timeout` takes either.
///
/// \par Threads
/// As above.
[[nodiscard]] std::chrono::nanoseconds remaining() noexcept;

}  // namespace lariat
