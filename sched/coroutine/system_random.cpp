#include <lariat/sched/coroutine/system_random.hpp>

#include <lariat/sched/coroutine/detail/thread_state.hpp>
#include <lariat/sched/thread/clock.hpp>

#include <sys/random.h>

namespace lariat {

// By splitmix64.
std::uint64_t system_random() noexcept {
  std::uint64_t& state = detail::own_thread_state().random;
  if (state == 0) {
    // getrandom opens no descriptor. If it has no randomness yet, early at boot, the time has to
    // do.
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

}  // namespace lariat
