#pragma once

#include <lariat/sched/sync/mutex.hpp>
#include <lariat/sched/task/generator.hpp>
#include <lariat/sched/task/task.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace lariat::detail {

/// The position in a range that its walkers share. On a pool they run in parallel, hence the lock;
/// not one that spins, because iterators may block and throw.
template <class Range>
class shared_walk {
  using iterator = std::ranges::iterator_t<Range>;
  // Whether an iterator stays valid while others go on.
  static constexpr bool stays = std::ranges::forward_range<Range>;

 public:
  /// What a walker holds during its call: the element's iterator, or, for a single-pass range, the
  /// element itself.
  using place = std::conditional_t<stays, iterator, std::ranges::range_value_t<Range>>;
  /// What the call is given.
  using element = std::conditional_t<stays, std::ranges::range_reference_t<Range>, place&&>;

  explicit shared_walk(Range& range)
      : next_(std::ranges::begin(range)), end_(std::ranges::end(range)) {}

  [[nodiscard]] std::optional<place> next() {
    const std::lock_guard guard(lock_);
    if (over_) return std::nullopt;
    over_ = true;  // Until an element was taken: if the iterator throws, the walk is over.
    // Not right after taking an element: `++` on a stream's iterator reads the next value, and the
    // call of this one has to begin before.
    if (begun_) ++next_;
    begun_ = true;
    if (next_ == end_) return std::nullopt;
    std::optional<place> taken;
    if constexpr (stays) {
      taken.emplace(next_);
    } else {
      taken.emplace(*next_);
    }
    over_ = false;
    return taken;
  }
  [[nodiscard]] static element at(place& taken) {
    if constexpr (stays) {
      return *taken;
    } else {
      return std::move(taken);
    }
  }

  /// From here on there is no next element.
  void stop() noexcept {
    const std::lock_guard guard(lock_);
    over_ = true;
  }

 private:
  std::mutex lock_;
  iterator next_;
  std::ranges::sentinel_t<Range> end_;
  bool begun_ = false;
  bool over_ = false;
};

/// The same for a generator. Only one walker at a time awaits its next value.
template <class T>
class shared_generator {
 public:
  explicit shared_generator(async_generator<T>& items) noexcept : items_(items) {}

  [[nodiscard]] lock_operation turn() noexcept { return turn_.lock(); }
  [[nodiscard]] auto next() noexcept { return items_.next(); }

  void stop() noexcept { stopped_.store(true, std::memory_order_relaxed); }
  /// Relaxed: it is only a request by another worker, which publishes nothing else.
  [[nodiscard]] bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

 private:
  async_generator<T>& items_;
  mutex turn_;
  std::atomic<bool> stopped_ = false;
};

template <class Range, class Function>
task<> walk(shared_walk<Range>& range, Function& function) {
  for (;;) {
    auto place = range.next();
    if (!place) co_return;
    try {
      co_await std::invoke(function, range.at(*place));
    } catch (...) {
      // At once: a sibling that ends its call before the cancel reaches it would take another
      // element.
      range.stop();
      throw;
    }
  }
}

template <class T, class Function>
task<> walk(shared_generator<T>& items, Function& function) {
  for (;;) {
    std::optional<T> item;
    {
      const mutex::guard turn = co_await items.turn();
      item = co_await items.next();
    }
    if (!item || items.stopped()) co_return;
    try {
      co_await std::invoke(function, *std::move(item));
    } catch (...) {
      items.stop();  // As above.
      throw;
    }
  }
}

/// Makes `count` walkers of `items`, which end when there is no next element.
template <class Items, class Function>
std::vector<task<>> walkers(std::size_t count, Items& items, Function& function) {
  std::vector<task<>> all;
  all.reserve(count);
  for (; count > 0; --count) all.push_back(walk(items, function));
  return all;
}

/// Returns `limit`.
/// \throws std::length_error above a million, the most walkers where the length is not known.
std::size_t require_walkers(std::size_t limit);

/// How many walkers to make for a range: `limit`, but no more than it has elements. The length of a
/// single-pass range is not known.
template <class Range>
std::size_t worth_walking(Range& range, std::size_t limit) {
  if constexpr (std::ranges::sized_range<Range>) {
    return std::min(limit, static_cast<std::size_t>(std::ranges::size(range)));
  } else if constexpr (std::ranges::forward_range<Range>) {
    std::size_t count = 0;  // Counts only up to `limit`: the range may have no end.
    const auto end = std::ranges::end(range);
    for (auto place = std::ranges::begin(range); count < limit && place != end; ++place) ++count;
    return count;
  } else {
    return require_walkers(limit);
  }
}

/// \throws std::invalid_argument if `limit` is zero.
void require_concurrency(std::size_t limit);

}  // namespace lariat::detail
