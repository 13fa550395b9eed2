#pragma once

#include <stdexcept>

namespace lariat {

/// Thrown by `spawn`, `post` and `block_on`, which hand work to a runtime from outside its tasks,
/// once the runtime has begun to shut down: the work was not accepted, and no part of it is done.
class runtime_closed : public std::logic_error {
 public:
  explicit runtime_closed(const char* operation);
};

}  // namespace lariat
