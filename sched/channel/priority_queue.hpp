#pragma once

#include <lariat/sched/channel/detail/basic_queue.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace lariat {

namespace detail {

/// The least item comes first; equal ones in the order in which they were put.
template <class T, class Compare>
class heap_store {
 public:
  explicit heap_store(Compare before = Compare()) : before_(std::move(before)) {}

  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  void push(T&& item) {
    items_.push_back({std::move(item), puts_++});
    std::push_heap(items_.begin(), items_.end(), later());
  }
  [[nodiscard]] T pop() noexcept {
    std::pop_heap(items_.begin(), items_.end(), later());
    T least = std::move(items_.back().item);
    items_.pop_back();
    return least;
  }
  void clear() noexcept { items_.clear(); }

 private:
  struct entry {
    T item;
    std::uint64_t number;
  };
  // std::push_heap puts the greatest entry first, so the order is reversed.
  [[nodiscard]] auto later() noexcept {
    return [this](const entry& a, const entry& b) {
      if (before_(b.item, a.item)) return true;
      return !before_(a.item, b.item) && b.number < a.number;
    };
  }

  std::vector<entry> items_;
  std::uint64_t puts_ = 0;
  Compare before_;
};

}  // namespace detail

/// A `queue` that gives the least item first, by `Compare`; equal ones in the order in which they
/// were put.
///
/// Neither moving nor comparing items may throw. An item whose `put` waits because the queue is
/// full is compared only once it is in the queue.
///
/// \par Threads
/// As for `queue`.
template <class T, class Compare = std::less<T>>
class priority_queue final : public detail::basic_queue<T, detail::heap_store<T, Compare>> {
  using base = detail::basic_queue<T, detail::heap_store<T, Compare>>;

 public:
  /// \param limit How many items it holds before `put` waits; zero: any number.
  explicit priority_queue(std::size_t limit = 0, Compare before = Compare())
      : base(limit, detail::heap_store<T, Compare>(std::move(before))) {}
};

}  // namespace lariat
