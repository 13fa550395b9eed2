#pragma once

#include <lariat/sched/coroutine/detail/thread_state.hpp>

#include <cstddef>
#include <cstdint>
#include <new>

// Under AddressSanitizer frames come from malloc, in their exact size: recycling would hide uses
// after free.
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

[[nodiscard]] void* allocate_fresh_frame(std::size_t size_class);
void give_small_frame(void* frame, std::size_t size_class) noexcept;
[[nodiscard]] void* allocate_large_frame(std::size_t size);
void deallocate_large_frame(void* frame, std::size_t size) noexcept;

/// Gives all of a thread's free frames to the other threads.
void give_all_frames(frame_lists& lists) noexcept;

[[nodiscard]] inline void* allocate_small_frame(std::size_t size_class) {
  frame_list& list = this_thread_state().frames.small[size_class];
  free_frame* frame = list.head;
  if (frame == nullptr) [[unlikely]]
    return allocate_fresh_frame(size_class);
  list.head = frame->next;
  // If frames were freed in another order than they were made, the next one may be anywhere in
  // memory: prefetch it.
  __builtin_prefetch(frame->next, 1);
  ++list.room;
  return frame;
}

inline void deallocate_small_frame(void* frame, std::size_t size_class) noexcept {
  frame_list& list = this_thread_state().frames.small[size_class];
  // Tested before anything is written: a thread without a state shares a constant one.
  const std::int32_t room = list.room - 1;
  if (room < 0) [[unlikely]]
    return give_small_frame(frame, size_class);
  list.room = room;
  static_cast<free_frame*>(frame)->next = list.head;
  list.head = static_cast<free_frame*>(frame);
}

/// Memory for coroutine frames and task records, from free lists of this thread by size class. A
/// frame may be freed on another thread than the one that allocated it; surplus moves between
/// threads in batches. The pool keeps what it has taken from the system, until `release_memory`.
/// \throws std::bad_alloc
[[nodiscard]] inline void* allocate_frame(std::size_t size) {
  if (LARIAT_POOL_FRAMES == 0) return ::operator new(size);
  if (size > small_frame_max) return allocate_large_frame(size);
  return allocate_small_frame((size - 1) / small_frame_step);
}

/// \param size The size that was allocated.
inline void deallocate_frame(void* frame, std::size_t size) noexcept {
  if (LARIAT_POOL_FRAMES == 0) return ::operator delete(frame);
  if (size > small_frame_max) return deallocate_large_frame(frame, size);
  deallocate_small_frame(frame, (size - 1) / small_frame_step);
}

/// Whether frames come from the pool in this build.
[[nodiscard]] constexpr bool frames_are_pooled() noexcept { return LARIAT_POOL_FRAMES != 0; }

}  // namespace lariat::detail
