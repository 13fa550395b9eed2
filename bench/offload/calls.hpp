#pragma once

#include "../common.hpp"

namespace bench {

/// The work: `queue` empty calls to a pool of `threads`, always in flight, each started anew when
/// the loop has its result, until the time is up.
class calls {
 public:
  calls(int argc, char** argv)
      : queue(static_cast<unsigned>(option(argc, argv, "queue", std::int64_t{1}))),
        threads(static_cast<unsigned>(option(argc, argv, "threads", std::int64_t{1}))),
        seconds_(option(argc, argv, "seconds", 1.0)),
        round_trip_(queue == 1 ? 1'000'000 : 0) {
    end_after(static_cast<std::int64_t>(seconds_) + 30);
  }

  const unsigned queue;
  const unsigned threads;

  void start() {
    cpu_start_ = cpu_ns();
    start_ = last_ = wall_ns();
    end_ = start_ + static_cast<std::int64_t>(seconds_ * 1e9);
  }

  /// Counts a call whose result is back on the loop; false when the time is up.
  bool count() {
    ++calls_;
    if (queue == 1) {
      // The next call follows at once, so what lies between two returns is one round trip.
      const std::int64_t now = wall_ns();
      round_trip_.add(now - last_);
      last_ = now;
      return now < end_;
    }
    if (calls_ % 64 == 0 && wall_ns() >= end_) ended_ = true;
    return !ended_;
  }

  void report(const char* library) {
    const double wall = double(wall_ns() - start_);
    const double cpu = double(cpu_ns() - cpu_start_);
    std::printf(
        "library=%s queue=%u threads=%u calls=%ld calls_per_s=%.0f p50_us=%.2f "
        "mean_us=%.2f cpu_us_per_call=%.3f\n",
        library, queue, threads, calls_, double(calls_) / (wall / 1e9),
        round_trip_.quantile(0.5) / 1e3, round_trip_.mean() / 1e3, cpu / double(calls_) / 1e3);
  }

 private:
  double seconds_;
  samples round_trip_;
  std::int64_t calls_ = 0;
  std::int64_t start_ = 0;
  std::int64_t last_ = 0;
  std::int64_t end_ = 0;
  std::int64_t cpu_start_ = 0;
  bool ended_ = false;
};

}  // namespace bench
