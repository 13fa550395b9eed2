#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/op/detail/io_driver.hpp>
#include <lariat/sched/loop/loop.hpp>

namespace lariat::io::detail {

/// The driver below a loop. Every loop that runs io operations has an io_driver: runtime/ makes no
/// others.
[[nodiscard]] inline io_driver& driver_of(loop& owner) noexcept {
  return static_cast<io_driver&>(owner.driver());
}

}  // namespace lariat::io::detail
