#pragma once

#include "common.hpp"

namespace bench {

/// Most memory that was resident since this program began. Not getrusage's: that figure starts
/// with what the process had before exec.
inline std::int64_t peak_rss_bytes() {
  FILE* file = std::fopen("/proc/self/status", "r");
  if (file == nullptr) return 0;
  char line[256];
  long kib = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::sscanf(line, "VmHWM: %ld kB", &kib) == 1) break;
  }
  std::fclose(file);
  return std::int64_t{kib} * 1024;
}

/// A computation done --rounds times over by --workers threads, and how long it took.
class timed_rounds {
 public:
  timed_rounds(int argc, char** argv)
      : workers(static_cast<unsigned>(option(argc, argv, "workers", std::int64_t{1}))),
        rounds_(option(argc, argv, "rounds", std::int64_t{5})) {
    end_after(170);
  }

  const unsigned workers;

  /// Calls `prepare`, untimed, and `work`. The first round also starts threads.
  template <class Prepare, class Work>
  void run(Prepare prepare, Work work) {
    for (std::int64_t round = 0; round < rounds_; ++round) {
      prepare();
      const std::int64_t start = wall_ns();
      work();
      times_.add(wall_ns() - start);
    }
  }

  template <class Work>
  void run(Work work) {
    run([] {}, work);
  }

  /// For the program's line.
  [[nodiscard]] std::string text() {
    char line[80];
    std::snprintf(line, sizeof line, "ms=%.3f min_ms=%.3f", times_.quantile(0.5) / 1e6,
                  times_.quantile(0) / 1e6);
    return line;
  }

 private:
  std::int64_t rounds_;
  samples times_{1000};
};

}  // namespace bench
