#pragma once

namespace lariat {
class loop;
}

namespace lariat::detail {

/// The loop that runs on this thread; on a pool's worker the loop of the task for which it
/// computes. Null elsewhere. A loop that runs on another thread allows only the calls that are
/// documented for any thread.
[[nodiscard]] loop* home_loop() noexcept;

/// The same, but it must exist: `operation`, the name of what needs it, is in the error's text.
/// \throws std::logic_error if there is none.
[[nodiscard]] loop& require_home_loop(const char* operation);

}  // namespace lariat::detail
