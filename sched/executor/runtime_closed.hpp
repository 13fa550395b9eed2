#pragma once

#include <stdexcept>

namespace lariat {

/// Thrown by what hands work to a runtime from outside its tasks, `spawn`, `post` and `block_on`,
/// from the beginning of its shutdown on: the work was not taken, and nothing of it is done.
class runtime_closed : public std::logic_error {
 public:
  explicit runtime_closed(const char* operation);
};

}  // namespace lariat
