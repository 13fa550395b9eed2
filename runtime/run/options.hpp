#pragma once

#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/pool/pool.hpp>

#include <cstddef>
#include <cstdint>

namespace lariat {

/// What the runtime does about a failure that nobody awaited.
enum class unhandled_action : unsigned char {
  ignore,  ///< Nothing more.
  report,  ///< Prints it, with the task's spawn site, and makes `run` throw at its end.
  stop,    ///< The same, and cancels the main task at once.
};

/// What SIGINT does while `run` runs, if the process has not set a handler itself.
enum class sigint_action : unsigned char {
  /// The first one cancels the main task; when all is cleaned up the process ends by SIGINT, as
  /// its parent expects. The second one ends the process at once (asyncio.run).
  cancel_main,
  leave_alone,  ///< Ends the process, as always.
};

/// How a runtime is made. Literals and pointers only.
struct runtime_options {
  /// Loops, each with a thread and a ring of its own. The first runs on the thread of `block_on`.
  std::size_t loops = 1;

  /// Pins each loop's thread to a CPU of its own: loop i to the i-th of `loop_cpus`, or of those
  /// that the process may use (its affinity mask). The thread that `block_on` runs the first loop
  /// on is pinned during that call only. Threads of lanes and pools are not pinned; those that
  /// tasks start themselves inherit the CPU, as on Linux all do. Fewer CPUs than loops are
  /// std::invalid_argument when the runtime is made, and a CPU that cannot be had is
  /// std::system_error.
  bool pin_loops = false;

  /// CPUs to pin the loops to, as `taskset -c` and Seastar's `--cpuset` write them: "0-3,8". They
  /// may be outside the affinity mask. Null: those of the mask. Read when the runtime is
  /// made; implies `pin_loops`.
  const char* loop_cpus = nullptr;

  /// Limits of a loop's turn, and its spin before sleeping.
  loop_limits limits = {};

  /// The workers of `to_pool`, which are started by its first use.
  pool_options pool = {};

  /// Entries of each ring's submission queue, 64 to 32,768; more is std::invalid_argument.
  unsigned ring_entries = 256;

  sigint_action sigint = sigint_action::cancel_main;

  /// At the end, tasks that have not ended so long after their cancel are listed on stderr, and
  /// cancelled again, and again after as long. In nanoseconds; 0: never.
  clock_ns shutdown_grace_ns = 30'000'000'000;

  /// How long a shutdown may take: the time from its cancel of all tasks, when the main task has
  /// ended, to the end of the last task and of the last function on a thread. When it is over, what
  /// still lives is printed to stderr, the tasks with where each waits, the lanes and pools whose
  /// functions run, and the process ends by `std::abort`: no destructor and no `atexit` function
  /// runs. In nanoseconds; 0: waits for ever, and no thread watches.
  ///
  /// It helps against tasks that swallow their cancels, steps that never return, which block the
  /// loop, and functions of `to_thread` and `to_pool` that never return. The main task's own end
  /// takes as long as it takes, after SIGINT too; a second SIGINT ends the process at once.
  clock_ns shutdown_timeout_ns = 0;

  /// Asked, on any of the runtime's threads, what to do about each failure that nobody awaited.
  /// Null: `unhandled_action::report`.
  unhandled_action (*on_unhandled)(const unhandled_failure& failure) = nullptr;
};

}  // namespace lariat
