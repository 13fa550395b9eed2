#pragma once

/// \file
/// What has children or waits for several: groups, when_all, select.
#include <lariat/sched/scope/as_completed.hpp>
#include <lariat/sched/scope/cancellation_source.hpp>
#include <lariat/sched/scope/exit_scope.hpp>
#include <lariat/sched/scope/for_each_concurrent.hpp>
#include <lariat/sched/scope/join_set.hpp>
#include <lariat/sched/scope/select.hpp>
#include <lariat/sched/scope/start_staggered.hpp>
#include <lariat/sched/scope/stop.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/scope/wait.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/scope/when_any.hpp>
