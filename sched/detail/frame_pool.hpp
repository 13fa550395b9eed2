#pragma once

#include <cstddef>
#include <cstdint>
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

struct free_frame {
  free_frame* next;
  union {                     // While it is in the shared lists:
    free_frame* next_batch;   // of a batch's first frame,
    std::size_t batch_count;  // of its second: counting them would wait for memory at each.
  };
};
static_assert(sizeof(free_frame) <= small_frame_step);

/// A thread's free frames of one size class.
struct frame_list {
  free_frame* head;
  std::byte* fresh;  // Frames never used yet, in [fresh, fresh_end).
  std::byte* fresh_end;
  std::int32_t room;  // How many more it takes before some go to other threads.
  bool opened;        // Before that its room is none, so that the first free comes to `open`.
};
static_assert(sizeof(frame_list) == 32);  // Its address is a shift.

/// Those of small frames. Read where frames are made and freed only; clang before 19 keeps the
/// address of a thread-local across a suspension, and gets at it by a call (toolchain C1).
extern constinit thread_local frame_list small_frames[small_frame_max / small_frame_step]
    __attribute__((tls_model("initial-exec")));

#if defined(__clang__) && __clang_major__ < 19
#define LARIAT_FRAME_CALL [[gnu::noinline]]
#else
#define LARIAT_FRAME_CALL
#endif

[[nodiscard]] void* allocate_fresh_frame(std::size_t size_class);
void give_frames(std::size_t size_class) noexcept;
[[nodiscard]] void* allocate_large_frame(std::size_t size);
void deallocate_large_frame(void* frame, std::size_t size) noexcept;

LARIAT_FRAME_CALL inline void* allocate_small_frame(std::size_t size_class) {
  frame_list& list = small_frames[size_class];
  free_frame* frame = list.head;
  if (frame == nullptr) [[unlikely]]
    return allocate_fresh_frame(size_class);
  list.head = frame->next;
  // Frames that were freed in another order than they were made lie anywhere: have the next one
  // ready.
  __builtin_prefetch(frame->next, 1);
  ++list.room;
  return frame;
}

LARIAT_FRAME_CALL inline void deallocate_small_frame(void* frame, std::size_t size_class) noexcept {
  frame_list& list = small_frames[size_class];
  static_cast<free_frame*>(frame)->next = list.head;
  list.head = static_cast<free_frame*>(frame);
  if (--list.room < 0) [[unlikely]]
    give_frames(size_class);
}

#undef LARIAT_FRAME_CALL

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
