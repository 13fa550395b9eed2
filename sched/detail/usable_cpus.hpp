#pragma once

namespace lariat::detail {

/// The CPUs that this thread may run on: its affinity mask's, which a container or taskset narrows.
/// At least 1.
[[nodiscard]] unsigned usable_cpus() noexcept;

}  // namespace lariat::detail
