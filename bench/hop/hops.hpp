#pragma once

#include "../common.hpp"

#include <sched.h>

namespace bench {

/// The work: hand an empty function to one thread of a pool, wait for it, again and again, with
/// --pause-us in between, until the time is up. Without a pause both sides are awake if the library
/// spins before it sleeps; with one both sleep. Each side has a core to itself, or the scheduler
/// would now and then put both on one, which is another measurement.
class hops {
 public:
  hops(int argc, char** argv)
      : pause_us(option(argc, argv, "pause-us", std::int64_t{0})),
        seconds_(option(argc, argv, "seconds", 1.0)) {
    end_after(static_cast<std::int64_t>(seconds_) + 30);
    cpu_set_t allowed;
    check(sched_getaffinity(0, sizeof allowed, &allowed), "sched_getaffinity");
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (!CPU_ISSET(core, &allowed)) continue;
      if (worker_core_ < 0) worker_core_ = core;
      caller_core_ = core;
    }
  }

  const std::int64_t pause_us;

  /// Called on the thread that works: the first core.
  void pin_worker() const { pin_to(worker_core_); }

  /// Called on the one that asks, when the other has been started: the last core.
  void pin_caller() const { pin_to(caller_core_); }

  void start() {
    cpu_start_ = cpu_ns();
    end_ = wall_ns() + static_cast<std::int64_t>(seconds_ * 1e9);
  }

  /// Before and after each call; false when the time is up.
  void sent() { sent_ = wall_ns(); }
  bool returned() {
    const std::int64_t now = wall_ns();
    round_trip_.add(now - sent_);
    return now < end_;
  }

  void report(const char* library) {
    const double cpu = double(cpu_ns() - cpu_start_);
    std::printf("library=%s pause_us=%ld hops=%ld p50_us=%.3f mean_us=%.3f cpu_us_per_hop=%.3f\n",
                library, pause_us, round_trip_.count(), round_trip_.quantile(0.5) / 1e3,
                round_trip_.mean() / 1e3, cpu / double(round_trip_.count()) / 1e3);
  }

 private:
  static void pin_to(int core) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    check(sched_setaffinity(0, sizeof one, &one), "sched_setaffinity");
  }

  double seconds_;
  int worker_core_ = -1;
  int caller_core_ = -1;
  samples round_trip_{4'000'000};
  std::int64_t sent_ = 0;
  std::int64_t end_ = 0;
  std::int64_t cpu_start_ = 0;
};

}  // namespace bench
