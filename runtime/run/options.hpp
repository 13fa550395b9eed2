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

  /// Asked, on any of the runtime's threads, what to do about each failure that nobody awaited.
  /// Null: `unhandled_action::report`.
  unhandled_action (*on_unhandled)(const unhandled_failure& failure) = nullptr;
};

}  // namespace lariat
