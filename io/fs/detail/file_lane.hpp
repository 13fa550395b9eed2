#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/file/detail/path_op.hpp>
#include <lariat/sched/blocking/blocking_pool.hpp>
#include <lariat/sched/blocking/to_thread.hpp>

namespace lariat::io::detail {

/// How to call what io_uring has no operation for: on a thread of the lane "files".
/// \pre A loop runs on this thread.
[[nodiscard]] inline thread_options on_file_lane() {
  return {.lane = &blocking_pool::current().named_lane("files")};
}

/// For a function on the lane, between two steps. \throws operation_cancelled
inline void throw_if_stopped(const stop_token& stop) {
  if (stop.stop_requested()) throw operation_cancelled({});
}

}  // namespace lariat::io::detail
