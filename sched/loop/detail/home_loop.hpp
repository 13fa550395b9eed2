#pragma once

namespace lariat {
class loop;
}

namespace lariat::detail {

/// The loop that runs on this thread; on a pool's worker that of the task for which it computes.
/// Null elsewhere. Of a loop that runs on another thread only what says so may be used.
[[nodiscard]] loop* home_loop() noexcept;

/// The same, or a clear complaint: `operation` names what needs it.
/// \throws std::logic_error
[[nodiscard]] loop& require_home_loop(const char* operation);

}  // namespace lariat::detail
