#include <lariat/sched/driver.hpp>

#include <lariat/sched/detail/thread_state.hpp>

#include <sys/random.h>

#include <ctime>

namespace lariat {

clock_ns monotonic_now() noexcept {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);  // Cannot fail: the clock exists on every Linux.
  return time.tv_sec * clock_ns{1'000'000'000} + time.tv_nsec;
}

// By splitmix64.
std::uint64_t system_random() noexcept {
  std::uint64_t& state = detail::own_thread_state().random;
  if (state == 0) {
    // By a call that opens no descriptor. Without randomness, early at boot, the time has to do.
    if (::getrandom(&state, sizeof state, GRND_NONBLOCK) != sizeof state) {
      state = static_cast<std::uint64_t>(monotonic_now());
    }
    state |= 1;  // Seeded.
  }
  std::uint64_t mixed = state += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

clock_ns driver::now() noexcept { return monotonic_now(); }

std::uint64_t driver::random() noexcept { return system_random(); }

}  // namespace lariat
