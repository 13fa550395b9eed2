#include <lariat/sched/thread/clock.hpp>

#include <ctime>

namespace lariat {

clock_ns monotonic_now() noexcept {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);  // Cannot fail: the clock exists on every Linux.
  return time.tv_sec * clock_ns{1'000'000'000} + time.tv_nsec;
}

}  // namespace lariat
