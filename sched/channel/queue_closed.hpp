#pragma once

#include <stdexcept>

namespace lariat {

/// Thrown by a queue's `put` when the queue is closed.
class queue_closed : public std::runtime_error {
 public:
  queue_closed();
};

}  // namespace lariat
