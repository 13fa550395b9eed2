#pragma once

#include <lariat/sched/channel/detail/basic_queue.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace lariat {

namespace detail {

/// A stack: the item that was put last comes first.
template <class T>
class lifo_store {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  void push(T&& item) { items_.push_back(std::move(item)); }
  [[nodiscard]] T pop() noexcept {
    T last = std::move(items_.back());
    items_.pop_back();
    return last;
  }
  void clear() noexcept { items_.clear(); }

 private:
  std::vector<T> items_;
};

}  // namespace detail

/// A `queue` that gives the item that was put last first: for work of which the newest matters
/// most, or is still in the caches.
///
/// \par Threads
/// As for `queue`.
template <class T>
class lifo_queue final : public detail::basic_queue<T, detail::lifo_store<T>> {
 public:
  using detail::basic_queue<T, detail::lifo_store<T>>::basic_queue;
};

}  // namespace lariat
