#pragma once

#include "../common.hpp"

namespace bench {

/// The work: two threads, or loops, take --turns turns each. While one has its turn the other
/// sleeps or waits, so a round is a hand-over each way.
struct turns {
  turns(int argc, char** argv) : count(option(argc, argv, "turns", std::int64_t{200'000})) {
    end_after(60);
  }

  const std::int64_t count;
  std::int64_t number = 0;  // Plain: whose turn it is may write it.

  void start() {
    wall_start_ = wall_ns();
    cpu_start_ = cpu_ns();
  }

  void report(const char* library) const {
    const double wall = double(wall_ns() - wall_start_) / double(count);
    const double cpu = double(cpu_ns() - cpu_start_) / double(count);
    check(number == 2 * count ? 0 : -1, "every turn was taken alone");
    std::printf("library=%s round_ns=%.0f cpu_ns_per_round=%.0f\n", library, wall, cpu);
  }

 private:
  std::int64_t wall_start_ = 0;
  std::int64_t cpu_start_ = 0;
};

}  // namespace bench
