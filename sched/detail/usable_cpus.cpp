#include <lariat/sched/detail/usable_cpus.hpp>

#include <sched.h>

#include <algorithm>
#include <thread>

namespace lariat::detail {

unsigned usable_cpus() noexcept {
  cpu_set_t mask;
  if (::sched_getaffinity(0, sizeof mask, &mask) == 0) {
    return static_cast<unsigned>(std::max(CPU_COUNT(&mask), 1));
  }
  // A machine of more than 1024 CPUs: the mask does not fit.
  return std::max(std::thread::hardware_concurrency(), 1U);
}

}  // namespace lariat::detail
