#pragma once

#include <cstddef>
#include <new>

// AddressSanitizer finds uses after free that recycling would hide, so there frames come from
// malloc, exactly as large as they are.
#if defined(__SANITIZE_ADDRESS__)
#define LARIAT_POOL_FRAMES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LARIAT_POOL_FRAMES 0
#endif
#endif
#ifndef LARIAT_POOL_FRAMES
#define LARIAT_POOL_FRAMES 1
#endif

namespace lariat::detail {

// Small frames in steps of 16 bytes waste little; larger ones are rarer, so coarser steps do.
inline constexpr std::size_t small_frame_step = 16;
inline constexpr std::size_t small_frame_max = 1024;

// Where the free lists are: in the .cpp, for compilers cache the address of a thread-local across
// a suspension (toolchain C1). The class of a small frame is known when the coroutine is compiled.
[[nodiscard]] void* allocate_small_frame(std::size_t size_class);
void deallocate_small_frame(void* frame, std::size_t size_class) noexcept;
[[nodiscard]] void* allocate_large_frame(std::size_t size);
void deallocate_large_frame(void* frame, std::size_t size) noexcept;

/// Memory for coroutine frames and task records, from free lists of this thread by size class.
/// A frame may be freed on another thread than its own; surplus moves between threads in batches.
/// The pool keeps what it has taken from the system: its size is the program's peak.
/// \throws std::bad_alloc
[[nodiscard]] inline void* allocate_frame(std::size_t size) {
  if (LARIAT_POOL_FRAMES == 0) return ::operator new(size);
  if (size > small_frame_max) return allocate_large_frame(size);
  return allocate_small_frame((size - 1) / small_frame_step);
}

/// \param size The size that was asked for.
inline void deallocate_frame(void* frame, std::size_t size) noexcept {
  if (LARIAT_POOL_FRAMES == 0) return ::operator delete(frame);
  if (size > small_frame_max) return deallocate_large_frame(frame, size);
  deallocate_small_frame(frame, (size - 1) / small_frame_step);
}

/// Whether frames come from the pool in this build.
[[nodiscard]] constexpr bool frames_are_pooled() noexcept { return LARIAT_POOL_FRAMES != 0; }

}  // namespace lariat::detail
