#pragma once

namespace lariat::detail {

/// Keeps the shared object that lariat is part of in memory, whoever closes it: threads of lariat
/// may be in its code, and threads that have used it end in it. Does nothing in the program itself.
void stay_loaded() noexcept;

}  // namespace lariat::detail
