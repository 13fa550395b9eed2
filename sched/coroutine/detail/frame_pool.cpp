#include <lariat/sched/coroutine/detail/frame_pool.hpp>

#include <lariat/sched/coroutine/detail/shared_frames.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace lariat::detail {
namespace {

constexpr std::size_t class_of_large(std::size_t size) noexcept {
  return small_frame_classes + (size - small_frame_max - 1) / large_frame_step;
}

shared_frames& shared() noexcept { return shared_frames::instance(); }

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
    const slab_room room = shared().exchange_slab({lists.slab, lists.slab_end});
    lists.slab = room.begin;
    lists.slab_end = room.end;
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

// Called if the list has no room: a batch goes to the other threads, or the list was not opened
// yet, because a thread may free frames and never allocate any.
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
  for (std::size_t index = 0; index < frame_classes; ++index) {
    frame_list& list = list_of(lists, index);
    const std::size_t size = class_size(index);
    for (; list.fresh != list.fresh_end; list.fresh += size) {
      list.head = ::new (list.fresh) free_frame{list.head, {}};
    }
    std::size_t count = 0;
    for (free_frame* each = list.head; each != nullptr; each = each->next) ++count;
    if (count != 0) shared().put(index, list.head, count);
  }
  shared().leave_slab({lists.slab, lists.slab_end});
  lists = {};
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
