#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace lariat::detail {

/// A FIFO in one block of memory that doubles when it is full. Once it has reached its peak it
/// allocates nothing more; a std::deque allocates for ever.
template <class T>
class ring_buffer {
 public:
  ring_buffer() = default;
  ring_buffer(const ring_buffer&) = delete;
  ring_buffer& operator=(const ring_buffer&) = delete;
  ~ring_buffer() {
    clear();
    free(items_, capacity_);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// \throws std::bad_alloc; then `value` is unchanged.
  void push(T&& value) {
    if (size_ == capacity_) grow();
    assert(size_ < capacity_ && "a value is put into a full buffer");
    std::construct_at(&items_[(first_ + size_) & (capacity_ - 1)], std::move(value));
    ++size_;
  }

  /// \pre It is not empty.
  [[nodiscard]] T pop() noexcept {
    assert(size_ > 0 && "a value is taken from an empty buffer");
    assert(first_ < capacity_ && "the oldest value lies outside of the buffer");
    T& oldest = items_[first_];
    T value = std::move(oldest);
    std::destroy_at(&oldest);
    first_ = (first_ + 1) & (capacity_ - 1);
    --size_;
    return value;
  }

  void clear() noexcept {
    while (size_ > 0) (void)pop();
  }

 private:
  void grow() {
    const std::size_t capacity =
        capacity_ == 0 ? 8 : 2 * capacity_;  // Powers of two: see the masks.
    T* items = std::allocator<T>().allocate(capacity);
    const std::size_t size = size_;
    for (std::size_t i = 0; i < size; ++i) std::construct_at(&items[i], pop());
    free(items_, capacity_);
    items_ = items;
    capacity_ = capacity;
    first_ = 0;
    size_ = size;
  }
  static void free(T* items, std::size_t capacity) noexcept {
    if (items != nullptr) std::allocator<T>().deallocate(items, capacity);
  }

  T* items_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace lariat::detail
