#pragma once

#include <source_location>

namespace lariat {
class context;
}  // namespace lariat

namespace lariat::detail {

// What LARIAT_DEBUG=1 tells on stderr of tasks that are not as their author has meant them.

/// A task is dropped that was never awaited. Nothing is said of one that goes while an exception
/// is thrown: whoever would have awaited it was left.
/// \param frame The address of its coroutine, by which the text names the function.
[[gnu::cold]] void note_dropped_task(const void* frame) noexcept;

/// A task to which a cancel was delivered, by the await at `delivered_at`, has ended by a value.
[[gnu::cold]] void note_swallowed_cancel(const context& task,
                                         std::source_location delivered_at) noexcept;

}  // namespace lariat::detail
