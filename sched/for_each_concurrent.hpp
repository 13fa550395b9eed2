#pragma once

#include <lariat/sched/detail/spin_lock.hpp>
#include <lariat/sched/task.hpp>
#include <lariat/sched/when_all.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace lariat {
namespace detail {

/// What the walkers of one range share: the place that the next of them takes. On a pool they run
/// in parallel, hence the lock.
template <class Range>
class shared_walk {
 public:
  using iterator = std::ranges::iterator_t<Range>;

  explicit shared_walk(Range& range)
      : next_(std::ranges::begin(range)), end_(std::ranges::end(range)) {}

  [[nodiscard]] std::optional<iterator> next() {
    const std::lock_guard guard(lock_);
    if (next_ == end_) return std::nullopt;
    return next_++;
  }

 private:
  spin_lock lock_;
  iterator next_;
  std::ranges::sentinel_t<Range> end_;
};

template <class Range, class Function>
task<> walk(shared_walk<Range>& range, Function& function) {
  for (;;) {
    const auto place = range.next();
    if (!place) co_return;
    co_await std::invoke(function, **place);
  }
}

}  // namespace detail

/// Awaits `function(element)` for each element of a range, at most `limit` of them at a time, and
/// ends when all have. The function gives a task; elements are begun in order. The range is copied
/// or moved in; `std::views::all(range)` or a span refers to one that stays. Costs a coroutine for
/// each place of the limit, and one for each call. (asyncio's semaphore and gather; p-limit; Rust's
/// for_each_concurrent.)
///
/// In a task that runs on a pool the calls run in parallel.
///
/// \throws what a call throws: the first that fails cancels the others, which are waited for, and
/// the rest is not begun. std::invalid_argument if `limit` is zero.
///
/// \par Cancellation
/// Cancels all calls under way and waits for their end.
template <std::ranges::forward_range Range, class Function>
  requires std::invocable<Function&, std::ranges::range_reference_t<Range>>
[[nodiscard]] task<> for_each_concurrent(Range range, std::size_t limit, Function function) {
  if (limit == 0) throw std::invalid_argument("lariat: for_each_concurrent: the limit is zero");
  const auto count = static_cast<std::size_t>(std::ranges::distance(range));
  detail::shared_walk<Range> places(range);
  std::vector<task<>> walkers;
  walkers.reserve(std::min(limit, count));
  for (std::size_t i = std::min(limit, count); i > 0; --i) {
    walkers.push_back(detail::walk(places, function));
  }
  co_await when_all(std::move(walkers));
}

}  // namespace lariat
