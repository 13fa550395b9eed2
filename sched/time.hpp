#pragma once

/// \file
/// Timers, time limits, trying again.
#include <lariat/sched/time/remaining.hpp>
#include <lariat/sched/time/retry.hpp>
#include <lariat/sched/time/timeout.hpp>
#include <lariat/sched/time/timer.hpp>
