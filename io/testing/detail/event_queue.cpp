#include <lariat/io/testing/detail/event_queue.hpp>

#include <utility>

namespace lariat::io::testing {

void event_queue::schedule(event& what, clock_ns when, std::uint64_t rank) {
  what.unschedule();
  heap_.emplace_back();
  what.queue_ = this;
  sift_up(heap_.size() - 1, {when, rank, &what});
}

void event_queue::remove(event& what) noexcept {
  const std::size_t position = what.position_;
  what.queue_ = nullptr;
  const entry last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  if (position > 0 && before(last, heap_[(position - 1) / 2])) {
    sift_up(position, last);
  } else {
    sift_down(position, last);
  }
}

event& event_queue::pop() noexcept {
  event& first = *heap_.front().what;
  remove(first);
  return first;
}

void event_queue::put(std::size_t position, const entry& what) noexcept {
  heap_[position] = what;
  what.what->position_ = position;
}

void event_queue::sift_up(std::size_t position, entry what) noexcept {
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (!before(what, heap_[parent])) break;
    put(position, heap_[parent]);
    position = parent;
  }
  put(position, what);
}

void event_queue::sift_down(std::size_t position, entry what) noexcept {
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], what)) break;
    put(position, heap_[child]);
    position = child;
  }
  put(position, what);
}

}  // namespace lariat::io::testing
