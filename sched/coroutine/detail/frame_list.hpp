#pragma once

#include <cstddef>
#include <cstdint>

namespace lariat::detail {

// Small frames in steps of 16 bytes waste little; larger ones are rarer, so coarser steps do.
inline constexpr std::size_t small_frame_step = 16;
inline constexpr std::size_t small_frame_max = 1024;
inline constexpr std::size_t small_frame_classes = small_frame_max / small_frame_step;
inline constexpr std::size_t large_frame_step = 512;
inline constexpr std::size_t large_frame_max = 16 * 1024;
inline constexpr std::size_t large_frame_classes =
    (large_frame_max - small_frame_max) / large_frame_step;

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
  std::int32_t room;  // How many more frames it accepts before a batch goes to other threads.
  bool opened;        // Until then `room` is 0, so that the first free calls `open`.
};
static_assert(sizeof(frame_list) == 32);  // So that indexing is a shift.

/// Free frames of each size class, and what is left of the last slab that they were cut from.
struct frame_lists {
  frame_list small[small_frame_classes];
  frame_list large[large_frame_classes];
  std::byte* slab;  // As `slab_room`.
  std::byte* slab_end;
};

}  // namespace lariat::detail
