#include <lariat/sched/coroutine/detail/frame_stack.hpp>

#include <lariat/sched/coroutine/detail/thread_state.hpp>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

namespace lariat::detail {

struct alignas(16) frame_stack::segment {
  segment* previous;
  segment* next;  // Empty segments, kept for later.
  std::size_t size;

  [[nodiscard]] std::byte* begin() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  [[nodiscard]] std::byte* end() noexcept { return begin() + size; }
};

namespace {

constexpr std::size_t first_size = 32 * 1024;
}  // namespace

void frame_stack::delete_next(segment* here) noexcept {
  segment* surplus = std::exchange(here->next, nullptr);
  while (surplus != nullptr) ::operator delete(std::exchange(surplus, surplus->next));
}

frame_stack::segment* frame_stack::current() const noexcept {
  return begin_ == nullptr ? nullptr : reinterpret_cast<segment*>(begin_) - 1;
}

void frame_stack::enter(segment* where) noexcept {
  begin_ = where == nullptr ? nullptr : where->begin();
  end_ = where == nullptr ? nullptr : where->end();
}

void* frame_stack::allocate_in_next(std::size_t size) {
  if (current_worker() == nullptr) {
    throw std::logic_error(
        "lariat: a fork_task was called outside a pool: hand the function to to_pool instead");
  }
  segment* const here = current();
  segment* next = here == nullptr ? nullptr : here->next;
  if (next != nullptr && next->size < size) {
    delete_next(here);
    next = nullptr;
  }
  if (next == nullptr) {
    const std::size_t doubled = here == nullptr ? first_size : 2 * here->size;
    const std::size_t room = std::max(size, doubled - sizeof(segment));
    next = ::new (::operator new(sizeof(segment) + room)) segment{here, nullptr, room};
    if (here != nullptr) here->next = next;
  }
  enter(next);
  top_ = begin_ + size;
  return begin_;
}

// Called if the frame was freed together with an older one, or is in an older segment. Segments
// that become empty now are kept: they may hold younger siblings of the frame, which are destroyed
// after it was freed, and they serve a loop that crosses a segment's end again and again. Segments
// that became empty earlier are freed.
void frame_stack::deallocate_below(std::byte* frame) noexcept {
  if (frame >= top_ && frame < end_) return;
  segment* holder = current();
  while (holder != nullptr && (frame < holder->begin() || frame >= holder->end())) {
    holder = holder->previous;
  }
  if (holder == nullptr) return;
  delete_next(current());
  enter(holder);
  top_ = frame;
}

std::size_t frame_stack::capacity() const noexcept {
  std::size_t bytes = 0;
  segment* const here = current();
  if (here == nullptr) return 0;
  for (segment* each = here->next; each != nullptr; each = each->next) bytes += each->size;
  for (segment* each = here; each != nullptr; each = each->previous) bytes += each->size;
  return bytes;
}

void frame_stack::release() noexcept {
  segment* first = current();
  if (first == nullptr) return;
  delete_next(first);
  while (first != nullptr) ::operator delete(std::exchange(first, first->previous));
  *this = frame_stack();
}

}  // namespace lariat::detail
