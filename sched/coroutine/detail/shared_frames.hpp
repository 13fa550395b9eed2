#pragma once

#include <lariat/sched/coroutine/detail/frame_list.hpp>
#include <lariat/sched/thread/detail/fork_listener.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace lariat::detail {

inline constexpr std::size_t frame_classes = small_frame_classes + large_frame_classes;

[[nodiscard]] constexpr std::size_t class_size(std::size_t index) noexcept {
  if (index < small_frame_classes) return (index + 1) * small_frame_step;
  return small_frame_max + (index - small_frame_classes + 1) * large_frame_step;
}

/// How many frames of a class move at once between a thread and the shared lists.
[[nodiscard]] constexpr std::uint32_t batch_of(std::size_t index) noexcept {
  const std::size_t count = 32 * 1024 / class_size(index);
  return count < 4 ? 4 : count > 256 ? 256 : static_cast<std::uint32_t>(count);
}

/// Memory that frames are cut from, in [begin, end).
struct slab_room {
  std::byte* begin = nullptr;
  std::byte* end = nullptr;
};

/// The free frames that belong to no thread, in whole batches so that the lock is rare, and the
/// slabs of all frames. Any thread. sched/README.md, "Frame pool".
class shared_frames {
 public:
  /// The only instance. Never destroyed, because threads and statics may free frames to the very
  /// end.
  /// \throws std::bad_alloc if it is the first use
  [[nodiscard]] static shared_frames& instance();

  void put(std::size_t index, free_frame* batch, std::size_t count) noexcept;

  /// A batch; null if there is none.
  [[nodiscard]] free_frame* take(std::size_t index) noexcept;

  /// Returns room for at least the largest frame, in exchange for the rest of the thread's slab.
  /// \throws std::bad_alloc
  [[nodiscard]] slab_room exchange_slab(slab_room rest);

  /// Ends a thread's use of its slab.
  void leave_slab(slab_room rest) noexcept;

  /// Gives slabs whose frames are all in the shared lists back to the system. Returns how many
  /// bytes.
  std::size_t release() noexcept;

 private:
  struct slab;
  using batches = std::array<free_frame*, frame_classes>;

  void leave(slab_room rest) noexcept;
  [[nodiscard]] slab_room first_piece();
  [[nodiscard]] slab_room rest_of_another() noexcept;
  void count_free(const batches& taken) const noexcept;
  [[nodiscard]] slab* take_empty() noexcept;
  [[nodiscard]] batches without_empty(const batches& taken) const noexcept;
  void put_back(const batches& list) noexcept;
  [[nodiscard]] slab* slab_of(const void* frame) const noexcept;

  fork_safe_mutex mutex_;  // Protects what follows, but for the counts of free bytes.
  batches batches_{};
  slab* slabs_ = nullptr;
  std::byte* first_ = nullptr;  // A slab that is given out in pieces, and is never unmapped.
  std::size_t first_used_ = 0;
  std::size_t next_piece_ = 64 * 1024;
  fork_safe_mutex
      releasing_;  // Protects the counts. Taken first, also at a fork: it is the later one.
};

}  // namespace lariat::detail
