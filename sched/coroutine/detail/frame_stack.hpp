#pragma once

#include <cstddef>

namespace lariat::detail {

/// Memory for the frames of one stacklet of fork-join coroutines, whose lives are nested:
/// allocating moves a pointer. It consists of segments, so that it grows without moving frames and
/// recursion is bounded by memory alone; a segment that has just become empty is kept. Used by one
/// thread at a time. A plain value without a destructor, because it is part of the thread's state
/// and moves between threads.
class frame_stack {
 public:
  /// \throws std::bad_alloc, std::logic_error on a thread that has none
  [[nodiscard]] void* allocate(std::size_t size) {
    std::byte* frame = top_;
    const std::size_t rounded = (size + 15) & ~std::size_t{15};
    if (static_cast<std::size_t>(end_ - frame) < rounded) [[unlikely]]
      return allocate_in_next(rounded);
    top_ = frame + rounded;
    return frame;
  }

  /// Frees the frame and all that were allocated after it. Does nothing if that was done before, so
  /// sibling frames may be freed in any order, as long as none is allocated meanwhile. Until then
  /// objects in the freed frames can still be destroyed.
  void deallocate(void* frame) noexcept {
    auto* const place = static_cast<std::byte*>(frame);
    // In [begin, top), by one comparison.
    if (static_cast<std::size_t>(place - begin_) < static_cast<std::size_t>(top_ - begin_))
        [[likely]] {
      top_ = place;
      return;
    }
    deallocate_below(place);
  }

  /// The memory that it holds, in bytes.
  [[nodiscard]] std::size_t capacity() const noexcept;

  /// Gives its memory back. \pre No frame is alive.
  void release() noexcept;

 private:
  struct segment;
  static void delete_next(segment* here) noexcept;
  [[nodiscard]] segment* current() const noexcept;
  void enter(segment* where) noexcept;
  [[gnu::cold]] void* allocate_in_next(std::size_t size);
  [[gnu::cold]] void deallocate_below(std::byte* frame) noexcept;

  std::byte* top_ = nullptr;
  std::byte* begin_ = nullptr;  // The current segment's room, which follows its header.
  std::byte* end_ = nullptr;
};

}  // namespace lariat::detail
