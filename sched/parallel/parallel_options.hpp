#pragma once

#include <cstddef>

namespace lariat {

class pool;

/// How a parallel algorithm is to be run. Trivial, so that it may be written inside an await
/// expression: g++ 12 destroys a class with a destructor twice there.
struct parallel_options {
  /// The number of elements in a piece, each of which one worker runs. 0: split as workers ask for
  /// work, or, where the result depends on the pieces, a 256th of all. A value above the count
  /// means one piece.
  std::size_t grain = 0;
  pool* where = nullptr;  ///< Null: as for `to_pool`.
};

}  // namespace lariat
