#include <lariat/sched/driver.hpp>

#include <lariat/sched/detail/thread_state.hpp>

#include <ctime>
#include <random>

namespace lariat {

clock_ns monotonic_now() noexcept {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);  // Cannot fail: the clock exists on every Linux.
  return time.tv_sec * clock_ns{1'000'000'000} + time.tv_nsec;
}

// By splitmix64.
std::uint64_t system_random() noexcept {
  std::uint64_t& state = detail::own_thread_state().random;
  if (state == 0) state = (std::uint64_t{std::random_device()()} << 32) ^ 0x6c617269;
  std::uint64_t mixed = state += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

clock_ns driver::now() noexcept { return monotonic_now(); }

std::uint64_t driver::random() noexcept { return system_random(); }

}  // namespace lariat
