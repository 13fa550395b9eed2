#include <lariat/sched/detail/frame_stack.hpp>

#include <lariat/sched/detail/pool_worker.hpp>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

namespace lariat::detail {

struct alignas(16) frame_stack::segment {
  segment* previous;
  segment* next;  // An empty one, kept.
  std::size_t size;

  [[nodiscard]] std::byte* begin() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  [[nodiscard]] std::byte* end() noexcept { return begin() + size; }
};

namespace {

constexpr std::size_t first_size = 32 * 1024;
constexpr std::size_t kept_max = 8;  // An empty segment may be so many times the current one.

}  // namespace

frame_stack::segment* frame_stack::current() const noexcept {
  return begin_ == nullptr ? nullptr : reinterpret_cast<segment*>(begin_) - 1;
}

void frame_stack::enter(segment* where) noexcept {
  begin_ = where == nullptr ? nullptr : where->begin();
  end_ = where == nullptr ? nullptr : where->end();
}

void* frame_stack::allocate_in_next(std::size_t size) {
  if (current_worker == nullptr) {
    throw std::logic_error(
        "lariat: a fork_task was called outside a pool: hand the function to to_pool instead");
  }
  segment* const here = current();
  segment* next = here == nullptr ? nullptr : here->next;
  if (next != nullptr && next->size < size) {
    ::operator delete(next);
    here->next = next = nullptr;
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

// The frame lies in an older segment, or was freed with an older frame.
void frame_stack::deallocate_below(std::byte* frame) noexcept {
  segment* holder = current();
  while (holder != nullptr && (frame < holder->begin() || frame >= holder->end())) {
    holder = holder->previous;
  }
  if (holder == nullptr) return;
  // One empty segment is kept, against a loop that crosses a border again and again.
  segment* kept = holder->next;
  if (kept != nullptr) {
    segment* surplus = std::exchange(kept->next, nullptr);
    while (surplus != nullptr) ::operator delete(std::exchange(surplus, surplus->next));
    if (kept->size > kept_max * holder->size) {
      ::operator delete(kept);
      holder->next = nullptr;
    }
  }
  enter(holder);
  top_ = frame;
}

std::size_t frame_stack::capacity() const noexcept {
  std::size_t bytes = 0;
  segment* each = current();
  if (each != nullptr && each->next != nullptr) bytes += each->next->size;
  for (; each != nullptr; each = each->previous) bytes += each->size;
  return bytes;
}

void frame_stack::release() noexcept {
  segment* first = current();
  if (first == nullptr) return;
  if (first->next != nullptr) ::operator delete(first->next);
  while (first != nullptr) ::operator delete(std::exchange(first, first->previous));
  *this = frame_stack();
}

}  // namespace lariat::detail
