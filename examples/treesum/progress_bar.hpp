#pragma once

#include "checksum.hpp"

#include <lariat/sched/task/task.hpp>
#include <lariat/sched/time/timer.hpp>

namespace treesum {

/// Draws a bar on stderr ten times a second until it is cancelled, and wipes it out then.
[[nodiscard]] lariat::task<> draw_bar(const progress& so_far, lariat::steady_time start);

/// Prints files, bytes, time and MB/s on stderr.
void print_summary(const progress& so_far, lariat::steady_time start);

}  // namespace treesum
