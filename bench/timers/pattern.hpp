#pragma once

#include "../common.hpp"

namespace bench {

/// Two ways to use timers while `pending` others wait, none of which ever expires:
///
/// - insert_cancel: a new one is set and cancelled at once, as the timeout of a call that
///   succeeds. This is what the target is about.
/// - reset: one of the waiting, at random, is cancelled and set anew, as the idle timeout of a
///   connection; with many waiting each step misses the cache.
///
/// `Library` has `set(slot, delay_ns)`, `cancel(slot)` and `turn()`, which lets it do what it put
/// off (called once in 64 steps); slots are 0..pending, the last being the extra one.
template <class Library>
void measure_timers(int argc, char** argv, const char* name) {
  end_after(120);
  const std::uint64_t pending = std::stoull(option(argc, argv, "pending", "1000"));
  const std::uint64_t steps = std::stoull(option(argc, argv, "steps", "1000000"));
  random_numbers numbers;
  // Between 100 and 1000 seconds, in whole milliseconds, the unit of some of the libraries.
  auto delay_ns = [&] {
    return static_cast<std::int64_t>((100'000 + numbers.below(900'000)) * 1'000'000);
  };
  Library timers(pending + 1);
  std::int64_t start = wall_ns();
  for (std::uint64_t slot = 0; slot < pending; ++slot) timers.set(slot, delay_ns());
  timers.turn();
  const double fill = double(wall_ns() - start) / double(pending);

  start = wall_ns();
  for (std::uint64_t step = 1; step <= steps; ++step) {
    timers.set(pending, delay_ns());
    timers.cancel(pending);
    if (step % 64 == 0) timers.turn();
  }
  const double insert_cancel = double(wall_ns() - start) / double(steps);

  start = wall_ns();
  for (std::uint64_t step = 1; step <= steps; ++step) {
    const std::uint64_t slot = numbers.below(pending);
    timers.cancel(slot);
    timers.set(slot, delay_ns());
    if (step % 64 == 0) timers.turn();
  }
  const double reset = double(wall_ns() - start) / double(steps);
  std::printf("library=%s pending=%lu fill_ns=%.1f insert_cancel_ns=%.2f reset_ns=%.2f\n", name,
              static_cast<unsigned long>(pending), fill, insert_cancel, reset);
  std::fflush(stdout);
  _exit(0);  // Taking a million timers down again is nobody's concern here.
}

}  // namespace bench
