#include <lariat/sched/thread/detail/usable_cpus.hpp>

#include <lariat/sched/thread/detail/affinity.hpp>
#include <lariat/sched/thread/detail/own_descriptor.hpp>

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string>
#include <thread>

namespace lariat::detail {
namespace {

unsigned affine_count() noexcept {
  try {
    if (const std::size_t count = affine_cpus().size(); count != 0) {
      return static_cast<unsigned>(count);
    }
  } catch (...) {
    // There is no memory for the list.
  }
  return std::max(std::thread::hardware_concurrency(), 1U);
}

// Of a cpu.max file, "QUOTA PERIOD" or "max PERIOD": whole CPUs, rounded up. No file, no limit.
unsigned quota_in(const std::string& path, unsigned limit) {
  std::istringstream file(read_system_file(path.c_str()));
  double quota = 0;
  double period = 0;
  if (!(file >> quota >> period) || quota <= 0 || period <= 0) return limit;
  const double cpus = quota / period;
  return cpus >= limit ? limit : static_cast<unsigned>(cpus) + (cpus > static_cast<unsigned>(cpus));
}

}  // namespace

unsigned cgroup_cpus(const std::string& mount, const std::string& membership, unsigned limit) {
  std::istringstream groups(read_system_file(membership.c_str()));
  for (std::string line; std::getline(groups, line);) {
    if (line.rfind("0::/", 0) != 0) continue;  // The others are of cgroup version 1.
    std::string group = line.substr(3);
    for (;;) {  // A quota holds for everything below it.
      limit = quota_in(mount + group + "/cpu.max", limit);
      if (group.empty()) break;
      group.resize(group.rfind('/'));
    }
  }
  return std::max(limit, 1U);
}

unsigned usable_cpus() noexcept {
  const unsigned affine = affine_count();
  try {
    return cgroup_cpus("/sys/fs/cgroup", "/proc/self/cgroup", affine);
  } catch (...) {
    return affine;  // There is no memory to find out more.
  }
}

}  // namespace lariat::detail
