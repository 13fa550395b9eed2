#pragma once

#include <cstddef>

namespace lariat::detail {

/// Memory for the frames of one stacklet of fork-join coroutines, whose lives are nested:
/// allocating moves a pointer. Segments, so that it grows without moving anything and recursion is
/// bounded by memory alone; what has just become empty is kept for the next time. Used by one
/// thread at a time. A plain value without a destructor, for it lies in the thread's state and
/// changes hands.
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

  /// Frees the frame and all that were allocated after it. Does nothing if that was done before:
  /// sibling frames may go in any order, as long as none is allocated meanwhile. Until then what
  /// was in them can still be destroyed.
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

  /// What it holds of memory, in bytes.
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
  std::byte* begin_ = nullptr;  // Of the current segment's room; its header is in front.
  std::byte* end_ = nullptr;
};

}  // namespace lariat::detail
