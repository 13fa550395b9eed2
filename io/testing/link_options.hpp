#pragma once

#include <chrono>

namespace lariat::io::testing {

/// What becomes of what one simulated host sends to another.
struct link_options {
  std::chrono::nanoseconds latency = std::chrono::microseconds(50);  ///< One way, at least.
  std::chrono::nanoseconds jitter = std::chrono::microseconds(50);   ///< And at most so much more.
  double loss = 0;   ///< Of a packet. TCP sends it again, after 200 ms, 400 ms and so on.
  bool cut = false;  ///< Nothing gets through, until it is mended; connections fail after minutes.
};

}  // namespace lariat::io::testing
