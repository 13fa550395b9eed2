#pragma once

#include "../common.hpp"

namespace bench {

/// The work: one thread sends numbers to another through a queue of --capacity places, --items of
/// them, and the other adds them up.
struct items {
  items(int argc, char** argv)
      : count(option(argc, argv, "items", std::int64_t{3'000'000})),
        capacity(static_cast<std::size_t>(option(argc, argv, "capacity", std::int64_t{1024}))) {
    end_after(60);
  }

  const std::int64_t count;
  const std::size_t capacity;

  void start() {
    wall_start_ = wall_ns();
    cpu_start_ = cpu_ns();
  }

  void report(const char* library, std::int64_t sum) const {
    const double wall = double(wall_ns() - wall_start_) / double(count);
    const double cpu = double(cpu_ns() - cpu_start_) / double(count);
    check(sum == count * (count - 1) / 2 ? 0 : -1, "every number arrived once");
    std::printf("library=%s capacity=%zu item_ns=%.1f cpu_ns_per_item=%.1f\n", library, capacity,
                wall, cpu);
  }

 private:
  std::int64_t wall_start_ = 0;
  std::int64_t cpu_start_ = 0;
};

}  // namespace bench
