#pragma once

namespace lariat::detail {

/// Keeps the shared object that lariat is part of in memory, even if it is closed: threads of
/// lariat may be running its code, and threads that have used it run its code when they end. Does
/// nothing if lariat is part of the program itself.
void stay_loaded() noexcept;

}  // namespace lariat::detail
