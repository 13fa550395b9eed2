#pragma once

#include <cstddef>

namespace lariat::detail {

/// Memory for coroutine frames and task records, from free lists of this thread by size class.
/// A frame may be freed on another thread than its own; surplus moves between threads in batches.
/// The pool keeps what it has taken from the system: its size is the program's peak.
/// \throws std::bad_alloc
[[nodiscard]] void* allocate_frame(std::size_t size);

/// \param size The size that was asked for.
void deallocate_frame(void* frame, std::size_t size) noexcept;

/// Whether frames come from the pool. Under AddressSanitizer they come from malloc, which finds
/// uses after free that recycling would hide.
[[nodiscard]] bool frames_are_pooled() noexcept;

}  // namespace lariat::detail
