#pragma once

/// \file
/// Locks, semaphores, events and watched values that tasks of all loops, tasks on pools and threads
/// share. Those of one loop are in sync.hpp and channel.hpp, and are cheaper.
#include <lariat/sched/concurrent/concurrent_event.hpp>
#include <lariat/sched/concurrent/concurrent_mutex.hpp>
#include <lariat/sched/concurrent/concurrent_semaphore.hpp>
#include <lariat/sched/concurrent/concurrent_watch.hpp>
