#pragma once

#include "../common.hpp"

namespace bench {

/// A round creates `count` tasks, each of which sleeps once, till a deadline of its own: a random
/// moment of the second that begins `grace` after the round (in the order of creation the heaps
/// would have nothing to do). The first round is cold
/// (memory from the kernel), the second warm (memory that the process has from the first).
///
/// A program calls `begin`, creates its tasks, calls `created` when the last of them sleeps, and
/// `expired` when the last is gone; `report` prints both rounds.
class sleepers {
 public:
  sleepers(int argc, char** argv)
      : count(option(argc, argv, "tasks", std::int64_t{1'000'000})),
        grace_ns_(static_cast<std::int64_t>(option(argc, argv, "grace", 5.0) * 1e9)) {
    end_after(120);
  }

  const std::int64_t count;

  void begin() {
    rss_ = rss_bytes();
    start_ = wall_ns();
    first_deadline_ = start_ + grace_ns_;
  }

  /// When the next task shall wake, on CLOCK_MONOTONIC.
  std::int64_t next_deadline_ns() {
    return first_deadline_ + static_cast<std::int64_t>(numbers_.below(1'000'000'000));
  }

  void created() {
    const std::int64_t now = wall_ns();
    figures& f = rounds_[round_];
    f.create_ns = double(now - start_) / double(count);
    f.bytes = double(rss_bytes() - rss_) / double(count);
    if (now > first_deadline_) fail("creation took longer than --grace", ETIME);
    cpu_ = cpu_ns();
  }

  void expired() {
    rounds_[round_].expiry_us = double(cpu_ns() - cpu_) / double(count) / 1e3;
    ++round_;
  }

  void report(const char* library) const {
    std::printf(
        "library=%s tasks=%ld bytes_per_task=%.0f create_cold_ns=%.1f create_warm_ns=%.1f "
        "expiry_cpu_us=%.4f\n",
        library, count, rounds_[0].bytes, rounds_[0].create_ns, rounds_[1].create_ns,
        rounds_[1].expiry_us);
    std::fflush(stdout);
    _exit(0);
  }

 private:
  struct figures {
    double bytes = 0;
    double create_ns = 0;
    double expiry_us = 0;
  };

  std::int64_t grace_ns_;
  random_numbers numbers_;
  std::int64_t rss_ = 0;
  std::int64_t start_ = 0;
  std::int64_t first_deadline_ = 0;
  std::int64_t cpu_ = 0;
  int round_ = 0;
  figures rounds_[2];
};

}  // namespace bench
