#pragma once

#include <lariat/sched/parallel/detail/split.hpp>
#include <lariat/sched/parallel/parallel_options.hpp>
#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/pool/to_pool.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <ranges>
#include <type_traits>
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

/// Hoare's partition of the open range (left, right) around the pivot `*first`. The elements
/// between the pivot and that range belong to the left side, those after the range to the right.
/// Returns the pivot's final place. Equal elements go to both sides, so that many of them do not
/// unbalance the sides.
template <class Iterator, class Less>
Iterator partition_rest(Iterator first, Iterator left, Iterator right, Less* less) {
  const fork_scope& scope = *current_stacklet().scope;
  const Iterator end = right;
  for (;;) {
    scope.check();
    do {
      ++left;
    } while (left != end && std::invoke(*less, *left, *first));
    do {
      --right;
    } while (std::invoke(*less, *first, *right));
    if (left >= right) break;
    std::iter_swap(left, right);
  }
  std::iter_swap(first, right);
  return right;
}

/// Partitions the whole range around its first element.
template <class Iterator, class Less>
Iterator partition_around_first(Iterator first, Iterator last, Less* less) {
  return partition_rest(first, first, last, less);
}

/// Whether comparing and moving cost less than a mispredicted branch, as every second branch of a
/// partition is.
template <class Iterator, class Less>
concept sorts_without_branches =
    std::contiguous_iterator<Iterator> && std::is_arithmetic_v<std::iter_value_t<Iterator>> &&
    (std::same_as<Less, std::less<>> || std::same_as<Less, std::greater<>> ||
     std::same_as<Less, std::ranges::less> || std::same_as<Less, std::ranges::greater> ||
     std::same_as<Less, std::less<std::iter_value_t<Iterator>>> ||
     std::same_as<Less, std::greater<std::iter_value_t<Iterator>>>);

/// The same for such elements: records the places of elements that are on the wrong side, in a
/// block from either end at a time, and then exchanges them (BlockQuicksort, Edelkamp and Weiss,
/// 2016). What is left in the middle is partitioned as above.
template <class Iterator, class Less>
  requires sorts_without_branches<Iterator, Less>
Iterator partition_around_first(Iterator first, Iterator last, Less* less) {
  using value = std::iter_value_t<Iterator>;
  constexpr std::ptrdiff_t block = 128;
  const fork_scope& scope = *current_stacklet().scope;
  const value pivot = *first;
  value* left = std::to_address(first) + 1;
  value* right = std::to_address(last);
  unsigned char left_places[block];
  unsigned char right_places[block];
  std::ptrdiff_t left_from = 0;
  std::ptrdiff_t left_count = 0;
  std::ptrdiff_t right_from = 0;
  std::ptrdiff_t right_count = 0;
  while (right - left >= 2 * block) {
    scope.check();
    if (left_count == 0) {
      left_from = 0;
      for (std::ptrdiff_t i = 0; i < block; ++i) {
        left_places[left_count] = static_cast<unsigned char>(i);
        left_count += !(*less)(left[i], pivot);
      }
    }
    if (right_count == 0) {
      right_from = 0;
      for (std::ptrdiff_t i = 0; i < block; ++i) {
        right_places[right_count] = static_cast<unsigned char>(i);
        right_count += !(*less)(pivot, right[-1 - i]);
      }
    }
    const std::ptrdiff_t count = std::min(left_count, right_count);
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      std::swap(left[left_places[left_from + i]], right[-1 - right_places[right_from + i]]);
    }
    left_from += count;
    right_from += count;
    left_count -= count;
    right_count -= count;
    if (left_count == 0) left += block;
    if (right_count == 0) right -= block;
  }
  // An unfinished block is part of the rest, and is partitioned again.
  const std::ptrdiff_t before_left = left - 1 - std::to_address(first);
  const std::ptrdiff_t before_right = right - std::to_address(first);
  return partition_rest(first, first + before_left, first + before_right, less);
}

/// Quicksort; a range that is small, or splits badly, is left to std::sort, which is never
/// quadratic.
template <class Iterator, class Less>
fork_task<> quicksort(Iterator first, Iterator last, std::iter_difference_t<Iterator> grain,
                      int depth, Less* less) {
  current_stacklet().scope->check();
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
  (void)stop_all_on_failure();
  constexpr std::size_t grain_default = 2048;
  constexpr std::size_t grain_min = 16;
  // At most the count, because it is converted to an offset.
  grain = std::min(grain == 0 ? grain_default : std::max(grain, grain_min),
                   std::max<std::size_t>(count, 1));
  const int depth = 2 * static_cast<int>(std::bit_width(count));
  co_await quicksort(first, first + static_cast<offset>(count), static_cast<offset>(grain), depth,
                     &less);
}

}  // namespace detail

/// Sorts a random-access range in parallel, as std::sort: equal elements in any order. The range
/// must not be touched meanwhile.
///
/// \throws what the comparison, a move or a swap throws; then, as after std::sort, the elements are
/// valid but otherwise unspecified.
///
/// \par Cancellation
/// Stops at the next piece, or exchange of two elements, with the elements in some order; see
/// `parallel_for`.
template <std::ranges::random_access_range Range, class Less = std::less<>>
  requires std::ranges::sized_range<Range> && std::ranges::borrowed_range<Range>
[[nodiscard]] auto parallel_sort(Range&& range, Less less = {}, parallel_options options = {}) {
  return detail::make_pool_call(
      options.where, &detail::run_sort<std::ranges::iterator_t<Range>, Less>,
      std::ranges::begin(range), static_cast<std::size_t>(std::ranges::size(range)), options.grain,
      std::move(less));
}

}  // namespace lariat
