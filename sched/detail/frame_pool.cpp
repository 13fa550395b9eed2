#include <lariat/sched/detail/frame_pool.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

namespace lariat::detail {
namespace {

constexpr std::size_t large_step = 512;
constexpr std::size_t large_max = 16 * 1024;
constexpr std::size_t small_classes = small_frame_max / small_frame_step;
constexpr std::size_t class_count = small_classes + (large_max - small_frame_max) / large_step;

constexpr std::size_t class_of_large(std::size_t size) noexcept {
  return small_classes + (size - small_frame_max - 1) / large_step;
}

constexpr std::size_t class_size(std::size_t index) noexcept {
  if (index < small_classes) return (index + 1) * small_frame_step;
  return small_frame_max + (index - small_classes + 1) * large_step;
}

// How many frames of a class move at once between a thread and the shared lists.
constexpr std::uint32_t batch_of(std::size_t index) noexcept {
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(32 * 1024 / class_size(index), 4, 256));
}

struct free_frame {
  free_frame* next;
  free_frame* next_batch;  // Used by the first frame of a batch in the shared lists.
};
static_assert(sizeof(free_frame) <= small_frame_step);

// What threads give back and take: whole batches, so that the lock is rare.
class shared_lists {
 public:
  void put(std::size_t index, free_frame* batch) noexcept {
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
  std::mutex mutex_;
  std::array<free_frame*, class_count> batches_{};
  std::size_t next_slab_ = 64 * 1024;
};

// Never destroyed: frames are freed by threads and statics that outlive it.
shared_lists& shared() noexcept {
  alignas(shared_lists) static std::byte storage[sizeof(shared_lists)];
  static shared_lists* lists = new (storage) shared_lists;
  return *lists;
}

struct class_list {
  free_frame* head;
  std::byte* fresh;  // Frames never used yet, in [fresh, fresh_end).
  std::byte* fresh_end;
  std::uint32_t count;
  std::uint32_t count_max;  // More than that go to other threads. 0 until the first free.
};

struct thread_lists {
  std::array<class_list, class_count> classes;
  std::byte* slab;
  std::byte* slab_end;
};

constinit thread_local thread_lists lists{};

// Gives everything to the other threads when its own ends.
struct returner {
  bool armed = false;
  void arm() noexcept { armed = true; }  // The first use registers the destructor.
  ~returner() {
    for (std::size_t index = 0; index < class_count; ++index) {
      class_list& list = lists.classes[index];
      const std::size_t size = class_size(index);
      for (; list.fresh != list.fresh_end; list.fresh += size) {
        list.head = new (list.fresh) free_frame{list.head, nullptr};
      }
      if (list.head != nullptr) shared().put(index, list.head);
      list = {};
    }
    lists.slab = lists.slab_end = nullptr;  // The rest of a slab, under one batch, is let go.
  }
};
thread_local returner at_thread_exit;

[[gnu::noinline]] void* refill(std::size_t index) {
  class_list& list = lists.classes[index];
  at_thread_exit.arm();
  if (free_frame* batch = shared().take(index)) {
    std::uint32_t count = 0;
    for (free_frame* frame = batch->next; frame != nullptr; frame = frame->next) ++count;
    list.head = batch->next;
    list.count = count;
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

// A thread keeps this many batches of a class before it gives one away.
constexpr std::uint32_t kept_batches = 8;

[[gnu::noinline]] void give_batch(std::size_t index) noexcept {
  class_list& list = lists.classes[index];
  list.count_max = kept_batches * batch_of(index);
  at_thread_exit.arm();  // A thread may free frames and never take any.
  if (list.count <= list.count_max) return;
  free_frame* batch = list.head;
  free_frame* last = batch;
  for (std::uint32_t i = 1; i < batch_of(index); ++i) last = last->next;
  list.head = last->next;
  list.count -= batch_of(index);
  last->next = nullptr;
  shared().put(index, batch);
}

[[gnu::noinline]] void* allocate_fresh(std::size_t index) {
  class_list& list = lists.classes[index];
  if (list.fresh == list.fresh_end) return refill(index);
  return std::exchange(list.fresh, list.fresh + class_size(index));
}

}  // namespace

void* allocate_small_frame(std::size_t size_class) {
  class_list& list = lists.classes[size_class];
  free_frame* frame = list.head;
  if (frame == nullptr) [[unlikely]]
    return allocate_fresh(size_class);
  list.head = frame->next;
  // Frames that were freed in another order than they were made lie anywhere: have the next one
  // ready.
  __builtin_prefetch(frame->next, 1);
  --list.count;
  return frame;
}

void deallocate_small_frame(void* frame, std::size_t size_class) noexcept {
  class_list& list = lists.classes[size_class];
  static_cast<free_frame*>(frame)->next = list.head;
  list.head = static_cast<free_frame*>(frame);
  if (++list.count > list.count_max) [[unlikely]]
    give_batch(size_class);
}

void* allocate_large_frame(std::size_t size) {
  return size > large_max ? ::operator new(size) : allocate_small_frame(class_of_large(size));
}

void deallocate_large_frame(void* frame, std::size_t size) noexcept {
  if (size > large_max) return ::operator delete(frame);
  deallocate_small_frame(frame, class_of_large(size));
}

}  // namespace lariat::detail
