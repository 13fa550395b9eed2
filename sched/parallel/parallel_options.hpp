#pragma once

#include <cstddef>

namespace lariat {

class pool;

/// How a parallel algorithm is to be run. Trivial, so that it may stand inside an await expression:
/// g++ 12 destroys others twice there.
struct parallel_options {
  /// Elements for one worker at a time, at least. 0: as the workers ask for them, or, where the
  /// result depends on it, a 256th of all. More than there are is all of them.
  std::size_t grain = 0;
  pool* where = nullptr;  ///< Null: as for `to_pool`.
};

}  // namespace lariat
