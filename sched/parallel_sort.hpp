#pragma once

#include <lariat/sched/fork_join.hpp>
#include <lariat/sched/parallel_options.hpp>
#include <lariat/sched/to_pool.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <functional>
#include <iterator>
#include <ranges>
#include <utility>

namespace lariat {
namespace detail {

/// Puts the median of nine samples first.
template <class Iterator, class Less>
void choose_pivot(Iterator first, std::iter_difference_t<Iterator> count, Less* less) {
  const auto median = [&](Iterator a, Iterator b, Iterator c) {
    if (std::invoke(*less, *b, *a)) std::swap(a, b);
    if (std::invoke(*less, *c, *b)) b = std::invoke(*less, *c, *a) ? a : c;
    return b;
  };
  const auto step = count / 9;
  const auto of_three = [&](std::iter_difference_t<Iterator> at) {
    return median(first + at, first + at + step, first + at + 2 * step);
  };
  std::iter_swap(first, median(of_three(0), of_three(3 * step), of_three(6 * step)));
}

/// Hoare's partition around the first element; gives the place where that came to be. Equal
/// elements go to both sides, so many of them do no harm.
template <class Iterator, class Less>
Iterator partition_around_first(Iterator first, Iterator last, Less* less) {
  Iterator left = first;
  Iterator right = last;
  for (;;) {
    do {
      ++left;
    } while (left != last && std::invoke(*less, *left, *first));
    do {
      --right;
    } while (std::invoke(*less, *first, *right));
    if (left >= right) break;
    std::iter_swap(left, right);
  }
  std::iter_swap(first, right);
  return right;
}

/// Quicksort; what is small, or splits badly, is left to std::sort, which is never quadratic.
template <class Iterator, class Less>
fork_task<> quicksort(Iterator first, Iterator last, std::iter_difference_t<Iterator> grain,
                      int depth, Less* less) {
  if (last - first <= grain || depth == 0) {
    std::sort(first, last, std::ref(*less));
    co_return;
  }
  choose_pivot(first, last - first, less);
  const Iterator middle = partition_around_first(first, last, less);
  co_await fork_join(quicksort(first, middle, grain, depth - 1, less),
                     quicksort(middle + 1, last, grain, depth - 1, less));
}

template <class Iterator, class Less>
fork_task<> run_sort(Iterator first, std::size_t count, std::size_t grain, Less less) {
  using offset = std::iter_difference_t<Iterator>;
  constexpr std::size_t grain_default = 2048;
  constexpr std::size_t grain_min = 16;
  grain = grain == 0 ? grain_default : std::max(grain, grain_min);
  const int depth = 2 * static_cast<int>(std::bit_width(count));
  co_await quicksort(first, first + static_cast<offset>(count), static_cast<offset>(grain), depth,
                     &less);
}

}  // namespace detail

/// Sorts a random-access range in parallel, as std::sort: equal elements in any order. The range
/// must not be touched meanwhile.
///
/// \throws What the comparison, a move or a swap throws; then, as after std::sort, nothing is known
/// of the elements but that they are valid.
///
/// \par Cancellation
/// Stops at the next piece, with the elements in some order; see `to_pool`.
template <std::ranges::random_access_range Range, class Less = std::less<>>
  requires std::ranges::sized_range<Range> && std::ranges::borrowed_range<Range>
[[nodiscard]] auto parallel_sort(Range&& range, Less less = {}, parallel_options options = {}) {
  return detail::make_pool_call(
      options.where, &detail::run_sort<std::ranges::iterator_t<Range>, Less>,
      std::ranges::begin(range), static_cast<std::size_t>(std::ranges::size(range)), options.grain,
      std::move(less));
}

}  // namespace lariat
