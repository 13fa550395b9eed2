#pragma once

#include <string>

namespace lariat::detail {

/// The CPUs that this thread may use: those of its affinity mask, which a container or taskset
/// narrows, but no more than the quota of its cgroup (version 2) allows. At least 1.
[[nodiscard]] unsigned usable_cpus() noexcept;

/// The part that reads the quota: the least along the path of the cgroup that `membership` names,
/// rounded up, if that is less than `limit`.
/// \param mount Where cgroups are mounted.
/// \param membership A file as /proc/self/cgroup.
[[nodiscard]] unsigned cgroup_cpus(const std::string& mount, const std::string& membership,
                                   unsigned limit);

}  // namespace lariat::detail
