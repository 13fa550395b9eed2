#pragma once

#include <string_view>

namespace lariat {

/// Cancels the task that calls it, as its handle's `cancel` would: its next await that suspends
/// throws operation_cancelled (asyncio's `current_task().cancel()`). In a child of a combinator it
/// cancels the child alone. To end at once, throw operation_cancelled instead.
///
/// \throws std::logic_error where no task runs on its loop: on a plain thread, or a pool's worker.
void cancel_self(std::string_view reason = {});

}  // namespace lariat
