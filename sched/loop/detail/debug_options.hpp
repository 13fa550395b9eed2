#pragma once

namespace lariat::detail {

/// Whether LARIAT_DEBUG=1 is in the environment, by which the user asks for all diagnostics.
[[nodiscard]] bool debug_requested() noexcept;

/// Whether waits are checked for deadlocks: with the library's assertions, LARIAT_DEBUG=1 or
/// LARIAT_DEBUG=deadlocks, but not with LARIAT_DEBUG=0. It does not change while the program runs.
[[nodiscard]] bool deadlock_checks() noexcept;

}  // namespace lariat::detail
