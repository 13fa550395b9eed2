#include <lariat/sched/detail/frame_pool.hpp>

#include <lariat/sched/detail/fork_listener.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

namespace lariat::detail {
namespace {

constexpr std::size_t class_count = small_frame_classes + large_frame_classes;

constexpr std::size_t class_of_large(std::size_t size) noexcept {
  return small_frame_classes + (size - small_frame_max - 1) / large_frame_step;
}

constexpr std::size_t class_size(std::size_t index) noexcept {
  if (index < small_frame_classes) return (index + 1) * small_frame_step;
  return small_frame_max + (index - small_frame_classes + 1) * large_frame_step;
}

// How many frames of a class move at once between a thread and the shared lists.
constexpr std::uint32_t batch_of(std::size_t index) noexcept {
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(32 * 1024 / class_size(index), 4, 256));
}

// What threads give back and take: whole batches, so that the lock is rare.
class shared_lists {
 public:
  void put(std::size_t index, free_frame* batch, std::size_t count) noexcept {
    if (batch->next != nullptr) batch->next->batch_count = count;
    std::lock_guard lock(mutex_);
    batch->next_batch = batches_[index];
    batches_[index] = batch;
  }

  free_frame* take(std::size_t index) noexcept {
    std::lock_guard lock(mutex_);
    free_frame* batch = batches_[index];
    if (batch != nullptr) batches_[index] = batch->next_batch;
    return batch;
  }

  // Slabs double up to the size of a huge page: a fresh page costs 1.4 us to touch, a huge one
  // 0.18 us per 4 KiB (docs: performance).
  std::byte* slab(std::size_t& size) {
    std::lock_guard lock(mutex_);
    constexpr std::size_t huge = 2 * 1024 * 1024;
    size = next_slab_;
    next_slab_ = std::min(next_slab_ * 2, huge);
    const std::size_t span = size == huge ? 2 * huge : size;
    void* map = ::mmap(nullptr, span, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    auto address = reinterpret_cast<std::uintptr_t>(map);
    if (size == huge) {
      // Keep the aligned half-open middle; the rest goes back.
      const std::uintptr_t aligned = (address + huge - 1) & ~(huge - 1);
      if (aligned != address) ::munmap(map, aligned - address);
      if (aligned + huge != address + span) {
        ::munmap(reinterpret_cast<void*>(aligned + huge), address + span - aligned - huge);
      }
      address = aligned;
      ::madvise(reinterpret_cast<void*>(address), huge, MADV_HUGEPAGE);  // Advice only.
    }
    return reinterpret_cast<std::byte*>(address);
  }

 private:
  fork_safe_mutex mutex_;
  std::array<free_frame*, class_count> batches_{};
  std::size_t next_slab_ = 64 * 1024;
};

// Never destroyed: frames are freed by threads and statics that outlive it.
shared_lists& shared() noexcept {
  alignas(shared_lists) static std::byte storage[sizeof(shared_lists)];
  static shared_lists* lists = new (storage) shared_lists;
  return *lists;
}

frame_list& list_of(frame_lists& lists, std::size_t index) noexcept {
  return index < small_frame_classes ? lists.small[index]
                                     : lists.large[index - small_frame_classes];
}

// A thread keeps this many batches of a class before it gives one away.
constexpr std::uint32_t kept_batches = 8;

void open(frame_list& list, std::size_t index) noexcept {
  if (list.opened) return;
  list.opened = true;
  list.room += static_cast<std::int32_t>(kept_batches * batch_of(index));
}

[[gnu::noinline]] void* refill(frame_lists& lists, std::size_t index) {
  frame_list& list = list_of(lists, index);
  open(list, index);
  if (free_frame* batch = shared().take(index)) {
    list.head = batch->next;
    if (list.head != nullptr) list.room -= static_cast<std::int32_t>(list.head->batch_count - 1);
    return batch;
  }
  const std::size_t size = class_size(index);
  std::size_t bytes = size * batch_of(index);
  if (static_cast<std::size_t>(lists.slab_end - lists.slab) < size) {
    std::size_t slab_size = 0;
    do {  // The first slabs are smaller than the largest batches.
      lists.slab = shared().slab(slab_size);
    } while (slab_size < size);
    lists.slab_end = lists.slab + slab_size;
  }
  bytes = std::min(bytes, static_cast<std::size_t>(lists.slab_end - lists.slab) / size * size);
  list.fresh = lists.slab + size;
  list.fresh_end = lists.slab + bytes;
  void* frame = lists.slab;
  lists.slab += bytes;
  return frame;
}

void* allocate_fresh(frame_lists& lists, std::size_t index) {
  frame_list& list = list_of(lists, index);
  if (list.fresh == list.fresh_end) return refill(lists, index);
  return std::exchange(list.fresh, list.fresh + class_size(index));
}

// Of a list without room for it: a batch goes to the other threads, or the list is a new one, for a
// thread may free frames and never take any.
[[gnu::noinline]] void give_frame(void* frame, std::size_t index) noexcept {
  auto* const freed = ::new (frame) free_frame{nullptr, {}};
  thread_state* const here = try_thread_state();
  if (here == nullptr) return shared().put(index, freed, 1);
  frame_list& list = list_of(here->frames, index);
  open(list, index);
  freed->next = list.head;
  list.head = freed;
  if (--list.room >= 0) return;
  free_frame* last = freed;
  for (std::uint32_t i = 1; i < batch_of(index); ++i) last = last->next;
  list.head = last->next;
  list.room += static_cast<std::int32_t>(batch_of(index));
  last->next = nullptr;
  shared().put(index, freed, batch_of(index));
}

}  // namespace

void give_all_frames(frame_lists& lists) noexcept {
  for (std::size_t index = 0; index < class_count; ++index) {
    frame_list& list = list_of(lists, index);
    const std::size_t size = class_size(index);
    for (; list.fresh != list.fresh_end; list.fresh += size) {
      list.head = ::new (list.fresh) free_frame{list.head, {}};
    }
    std::size_t count = 0;
    for (free_frame* each = list.head; each != nullptr; each = each->next) ++count;
    if (count != 0) shared().put(index, list.head, count);
  }
  lists = {};  // The rest of a slab, under one batch, is let go.
}

void give_small_frame(void* frame, std::size_t size_class) noexcept {
  give_frame(frame, size_class);
}

void* allocate_fresh_frame(std::size_t size_class) {
  return allocate_fresh(own_thread_state().frames, size_class);
}

void* allocate_large_frame(std::size_t size) {
  if (size > large_frame_max) return ::operator new(size);
  const std::size_t index = class_of_large(size);
  frame_list& list = list_of(this_thread_state().frames, index);
  if (list.head == nullptr) return allocate_fresh_frame(index);
  ++list.room;
  return std::exchange(list.head, list.head->next);
}

void deallocate_large_frame(void* frame, std::size_t size) noexcept {
  if (size > large_frame_max) return ::operator delete(frame);
  const std::size_t index = class_of_large(size);
  frame_list& list = list_of(this_thread_state().frames, index);
  if (list.room <= 0) return give_frame(frame, index);
  --list.room;
  list.head = ::new (frame) free_frame{list.head, {}};
}

}  // namespace lariat::detail
