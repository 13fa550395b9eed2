#pragma once

namespace lariat {

/// How urgent a task is among those that are ready on its loop. See `spawn_options::priority`.
enum class task_priority : unsigned char {
  normal,  ///< What all are unless they are told otherwise.
  high,    ///< Before all others: waits for the step that runs, and no longer for other levels.
  low,     ///< When no other is ready, and then still for at least one step in 17.
};

}  // namespace lariat
