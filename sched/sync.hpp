#pragma once

/// \file
/// Locks, semaphores, conditions and events between tasks.
#include <lariat/sched/sync/auto_reset_event.hpp>
#include <lariat/sched/sync/barrier.hpp>
#include <lariat/sched/sync/condition.hpp>
#include <lariat/sched/sync/event.hpp>
#include <lariat/sched/sync/latch.hpp>
#include <lariat/sched/sync/mutex.hpp>
#include <lariat/sched/sync/semaphore.hpp>
#include <lariat/sched/sync/shared_mutex.hpp>
