#pragma once

/// \file
/// `executor`, to which steps are posted; `driver`, through which a loop waits and is woken;
/// `task_priority`; `runtime_closed`.
#include <lariat/sched/executor/driver.hpp>
#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/executor/futex_driver.hpp>
#include <lariat/sched/executor/priority.hpp>
#include <lariat/sched/executor/runtime_closed.hpp>
