#pragma once

#include "../common.hpp"

#include <sys/stat.h>

namespace bench {

/// The work: `depth` reads of 4 KiB at random places of one cached file, always in flight, until
/// the time is up; and the figures that every program prints about it.
class reads {
 public:
  static constexpr std::size_t block = 4096;

  reads(int argc, char** argv)
      : depth(static_cast<unsigned>(option(argc, argv, "qd", std::int64_t{1}))),
        path(option(argc, argv, "file", "")),
        seconds_(option(argc, argv, "seconds", 1.0)) {
    end_after(static_cast<std::int64_t>(seconds_) + 30);
    descriptor = check(open(path.c_str(), O_RDONLY | O_CLOEXEC), path.c_str());
    struct stat status;
    check(fstat(descriptor, &status), "fstat");
    blocks_ = static_cast<std::uint64_t>(status.st_size) / block;
    memory_.resize(block * depth);
  }

  const unsigned depth;
  const std::string path;
  int descriptor = -1;

  char* buffer(unsigned slot) { return memory_.data() + block * slot; }
  std::uint64_t next_offset() { return numbers_.below(blocks_) * block; }

  void start() {
    cpu_start_ = cpu_ns();
    start_ = wall_ns();
    end_ = start_ + static_cast<std::int64_t>(seconds_ * 1e9);
  }

  /// Counts a finished read; false when the time is up. Looks at the clock now and then only.
  bool count(std::int64_t result) {
    if (result != static_cast<std::int64_t>(block)) fail("read", result < 0 ? int(-result) : EIO);
    if (++operations_ % 64 == 0 && wall_ns() >= end_) ended_ = true;
    return !ended_;
  }

  void report(const char* library) {
    const double wall = double(wall_ns() - start_);
    const double cpu = double(cpu_ns() - cpu_start_);
    std::printf("library=%s qd=%u ops=%ld ops_per_s=%.0f cpu_us_per_op=%.4f\n", library, depth,
                operations_, double(operations_) / (wall / 1e9), cpu / double(operations_) / 1e3);
  }

 private:
  double seconds_;
  std::uint64_t blocks_ = 0;
  std::vector<char> memory_;
  random_numbers numbers_;
  std::int64_t operations_ = 0;
  std::int64_t start_ = 0;
  std::int64_t end_ = 0;
  std::int64_t cpu_start_ = 0;
  bool ended_ = false;
};

}  // namespace bench
