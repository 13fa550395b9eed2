#pragma once

/// \file
/// What loops and pools have in common, and how a loop sees the world.
#include <lariat/sched/executor/driver.hpp>
#include <lariat/sched/executor/executor.hpp>
#include <lariat/sched/executor/futex_driver.hpp>
#include <lariat/sched/executor/runtime_closed.hpp>
