#include <lariat/sched/coroutine/detail/shared_frames.hpp>

#include <lariat/sched/thread/detail/process_object.hpp>

#include <sys/mman.h>

#include <new>
#include <utility>

namespace lariat::detail {
namespace {

// The size of a huge page, because touching a fresh small page costs 1.4 us, a huge one 0.18 us per
// 4 KiB (docs: performance). Aligned likewise, so that a frame's address tells its slab.
constexpr std::size_t slab_size = 2 * 1024 * 1024;
constexpr std::size_t rest_min = 64 * 1024;  // Less is not worth another slab's place.

std::byte* map_slab(int advice) {
  void* const map = ::mmap(nullptr, 2 * slab_size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) throw std::bad_alloc();
  const auto address = reinterpret_cast<std::uintptr_t>(map);
  // Keep the aligned middle, and unmap the rest.
  const std::uintptr_t aligned = (address + slab_size - 1) & ~(slab_size - 1);
  if (aligned != address) ::munmap(map, aligned - address);
  if (aligned != address + slab_size) {
    ::munmap(reinterpret_cast<void*>(aligned + slab_size), address + slab_size - aligned);
  }
  auto* const begin = reinterpret_cast<std::byte*>(aligned);
  ::madvise(begin, slab_size, advice);
  return begin;
}

std::byte* slab_begin(const void* within) noexcept {
  return reinterpret_cast<std::byte*>(reinterpret_cast<std::uintptr_t>(within) & ~(slab_size - 1));
}

}  // namespace

// The head of a slab.
struct alignas(64) shared_frames::slab {
  slab* next;
  std::byte* cut_end;  // Frames were cut up to here. Valid while no thread is cutting.
  bool being_cut;
  bool empty;        // All frames that were cut are free.
  std::size_t free;  // How many bytes of them are free; used while they are counted.

  [[nodiscard]] std::byte* begin() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  [[nodiscard]] std::byte* end() noexcept { return reinterpret_cast<std::byte*>(this) + slab_size; }
};

shared_frames& shared_frames::instance() {
  static constinit process_object<shared_frames> all;
  return all.get();
}

void shared_frames::put(std::size_t index, free_frame* batch, std::size_t count) noexcept {
  if (batch->next != nullptr) batch->next->batch_count = count;
  const std::lock_guard lock(mutex_);
  batch->next_batch = batches_[index];
  batches_[index] = batch;
}

free_frame* shared_frames::take(std::size_t index) noexcept {
  const std::lock_guard lock(mutex_);
  free_frame* const batch = batches_[index];
  if (batch != nullptr) batches_[index] = batch->next_batch;
  return batch;
}

slab_room shared_frames::exchange_slab(slab_room rest) {
  const std::lock_guard lock(mutex_);
  if (next_piece_ < slab_size) {
    const slab_room piece = first_piece();
    leave(rest);
    return piece;
  }
  if (const slab_room other = rest_of_another(); other.begin != nullptr) {
    leave(rest);
    return other;
  }
  auto* const fresh = ::new (map_slab(MADV_HUGEPAGE)) slab{slabs_, nullptr, true, false, 0};
  slabs_ = fresh;
  leave(rest);
  return {fresh->begin(), fresh->end()};
}

// Pieces double in size, and are on small pages: a small program needs no huge page.
slab_room shared_frames::first_piece() {
  if (first_ == nullptr) first_ = map_slab(MADV_NOHUGEPAGE);
  const slab_room piece{first_ + first_used_, first_ + first_used_ + next_piece_};
  first_used_ += next_piece_;
  next_piece_ *= 2;
  return piece;
}

// Room in a slab that another thread has left, for instance when it ended.
slab_room shared_frames::rest_of_another() noexcept {
  for (slab* each = slabs_; each != nullptr; each = each->next) {
    if (each->being_cut || static_cast<std::size_t>(each->end() - each->cut_end) < rest_min) {
      continue;
    }
    each->being_cut = true;
    return {each->cut_end, each->end()};
  }
  return {};
}

void shared_frames::leave_slab(slab_room rest) noexcept {
  const std::lock_guard lock(mutex_);
  leave(rest);
}

void shared_frames::leave(slab_room rest) noexcept {
  if (rest.end == nullptr) return;
  slab* const left = slab_of(rest.end - 1);
  if (left == nullptr) return;
  left->cut_end = rest.begin;
  left->being_cut = false;
}

// Null for frames of the first slab.
shared_frames::slab* shared_frames::slab_of(const void* frame) const noexcept {
  std::byte* const begin = slab_begin(frame);
  return begin == first_ ? nullptr : std::launder(reinterpret_cast<slab*>(begin));
}

// While this looks at the free frames they are in no list, so a thread that needs one cuts a new
// one.
std::size_t shared_frames::release() noexcept {
  const std::lock_guard one_by_one(releasing_);
  batches taken;
  {
    const std::lock_guard lock(mutex_);
    taken = std::exchange(batches_, {});
  }
  count_free(taken);
  slab* empty = take_empty();
  put_back(empty == nullptr ? taken : without_empty(taken));
  std::size_t bytes = 0;
  while (empty != nullptr) {
    slab* const each = std::exchange(empty, empty->next);
    ::munmap(each, slab_size);
    bytes += slab_size;
  }
  return bytes;
}

void shared_frames::count_free(const batches& taken) const noexcept {
  for (std::size_t index = 0; index < frame_classes; ++index) {
    for (free_frame* batch = taken[index]; batch != nullptr; batch = batch->next_batch) {
      for (free_frame* frame = batch; frame != nullptr; frame = frame->next) {
        if (slab* const its = slab_of(frame); its != nullptr) its->free += class_size(index);
      }
    }
  }
}

// Removes the empty slabs from the list: no thread has a frame of them, or can cut another one.
shared_frames::slab* shared_frames::take_empty() noexcept {
  const std::lock_guard lock(mutex_);
  slab* empty = nullptr;
  for (slab** place = &slabs_; *place != nullptr;) {
    slab* const each = *place;
    each->empty = !each->being_cut && std::exchange(each->free, 0) ==
                                          static_cast<std::size_t>(each->cut_end - each->begin());
    if (!each->empty) {
      each->free = 0;
      place = &each->next;
      continue;
    }
    *place = each->next;
    each->next = empty;
    empty = each;
  }
  return empty;
}

shared_frames::batches shared_frames::without_empty(const batches& taken) const noexcept {
  batches kept{};
  for (std::size_t index = 0; index < frame_classes; ++index) {
    free_frame* head = nullptr;
    std::size_t count = 0;
    const auto close_batch = [&] {
      if (head == nullptr) return;
      if (head->next != nullptr) head->next->batch_count = count;
      head->next_batch = std::exchange(kept[index], head);
      head = nullptr;
      count = 0;
    };
    for (free_frame* batch = taken[index]; batch != nullptr;) {
      free_frame* frame = std::exchange(batch, batch->next_batch);
      while (frame != nullptr) {
        free_frame* const each = std::exchange(frame, frame->next);
        if (slab* const its = slab_of(each); its != nullptr && its->empty) continue;
        each->next = std::exchange(head, each);
        if (++count == batch_of(index)) close_batch();
      }
    }
    close_batch();
  }
  return kept;
}

void shared_frames::put_back(const batches& list) noexcept {
  for (std::size_t index = 0; index < frame_classes; ++index) {
    if (list[index] == nullptr) continue;
    free_frame* last = list[index];
    while (last->next_batch != nullptr) last = last->next_batch;
    const std::lock_guard lock(mutex_);
    last->next_batch = std::exchange(batches_[index], list[index]);
  }
}

}  // namespace lariat::detail
