#pragma once

// The common headers, for first programs. Larger ones include what they use.

#include <lariat/io/file.hpp>
#include <lariat/io/fs.hpp>
#include <lariat/io/tcp.hpp>
#include <lariat/runtime/dump.hpp>
#include <lariat/runtime/run.hpp>
#include <lariat/runtime/runtime.hpp>
#include <lariat/runtime/to_loop.hpp>
#include <lariat/sched/cancelled.hpp>
#include <lariat/sched/channel.hpp>
#include <lariat/sched/exception_group.hpp>
#include <lariat/sched/fork_join.hpp>
#include <lariat/sched/generator.hpp>
#include <lariat/sched/join_handle.hpp>
#include <lariat/sched/parallel_for.hpp>
#include <lariat/sched/parallel_invoke.hpp>
#include <lariat/sched/parallel_reduce.hpp>
#include <lariat/sched/parallel_scan.hpp>
#include <lariat/sched/parallel_sort.hpp>
#include <lariat/sched/parallel_transform.hpp>
#include <lariat/sched/pool.hpp>
#include <lariat/sched/result.hpp>
#include <lariat/sched/spawn.hpp>
#include <lariat/sched/stop.hpp>
#include <lariat/sched/task.hpp>
#include <lariat/sched/task_group.hpp>
#include <lariat/sched/timeout.hpp>
#include <lariat/sched/timer.hpp>
#include <lariat/sched/to_pool.hpp>
#include <lariat/sched/to_thread.hpp>
#include <lariat/sched/uncancellable.hpp>
#include <lariat/sched/when_all.hpp>
#include <lariat/sched/when_any.hpp>
#include <lariat/sched/yield.hpp>
