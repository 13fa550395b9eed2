#pragma once

#include <lariat/sched/parallel/detail/split.hpp>
#include <lariat/sched/parallel/parallel_options.hpp>
#include <lariat/sched/pool/to_pool.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <ranges>
#include <utility>

namespace lariat {
namespace detail {

/// How many elements there are before the next cache line. A vectorised loop should begin at one:
/// if it does not, every fourth load crosses two lines.
template <class Iterator>
[[nodiscard]] std::size_t before_line(Iterator first) noexcept {
  if constexpr (std::contiguous_iterator<Iterator>) {
    constexpr std::size_t line = 64;
    constexpr std::size_t size = sizeof(std::iter_value_t<Iterator>);
    const std::size_t inside = reinterpret_cast<std::uintptr_t>(std::to_address(first)) % line;
    if constexpr (line % size == 0) return (line - inside) % line / size;
  }
  return 0;
}

/// \tparam Leaf Called as T(from, to), for a piece that is not empty.
template <class T, class Leaf, class Combine>
fork_task<T> reduce_by_grain(std::size_t first, std::size_t last, std::size_t grain, Leaf* leaf,
                             Combine* combine) {
  if (last - first <= grain) co_return (*leaf)(first, last);
  const std::size_t middle = first + (last - first) / 2;
  auto [left, right] = co_await fork_join(reduce_by_grain<T>(first, middle, grain, leaf, combine),
                                          reduce_by_grain<T>(middle, last, grain, leaf, combine));
  co_return std::invoke(*combine, std::move(left), std::move(right));
}

template <class T, class Iterator, class Combine, class Map>
fork_task<T> run_reduce(Iterator first, std::size_t count, std::size_t grain, T initial,
                        Combine combine, Map map) {
  using offset = std::iter_difference_t<Iterator>;
  const fork_scope& scope = stop_all_on_failure();
  if (count == 0) co_return std::move(initial);
  auto leaf = [&](std::size_t from, std::size_t to) {
    scope.check();
    T sum = std::invoke(map, first[static_cast<offset>(from)]);
    const auto add = [&](std::size_t begin, std::size_t end) {
      T part = std::move(sum);
      for (; begin != end; ++begin) {
        part = std::invoke(combine, std::move(part),
                           std::invoke(map, first[static_cast<offset>(begin)]));
      }
      sum = std::move(part);
    };
    if (++from == to) return sum;
    const std::size_t aligned =
        from + std::min(to - from, before_line(first + static_cast<offset>(from)));
    add(from, aligned);
    if (aligned != to) run_until_stopped(scope, aligned, to, add);
    return sum;
  };
  T sum = co_await reduce_by_grain<T>(std::size_t{0}, count, grain, &leaf, &combine);
  co_return std::invoke(combine, std::move(initial), std::move(sum));
}

}  // namespace detail

/// `combine(... combine(initial, map(r[0])) ..., map(r[n-1]))` of a random-access range, in
/// parallel. `combine` must be associative; it need not commute, and `initial` is used once. The
/// range must not change meanwhile. For indices: std::views::iota(0, n).
///
/// The pieces depend on the count and the grain only. So even if combining is not exactly
/// associative, as with floating point, the result does not depend on the number of workers.
///
/// \throws What the functions throw; see `parallel_for`.
///
/// \par Cancellation
/// As for `parallel_for`.
template <std::ranges::random_access_range Range, class T, class Combine = std::plus<>,
          class Map = std::identity>
  requires std::ranges::sized_range<Range> && std::ranges::borrowed_range<Range>
[[nodiscard]] auto parallel_reduce(Range&& range, T initial, Combine combine = {}, Map map = {},
                                   parallel_options options = {}) {
  const auto count = static_cast<std::size_t>(std::ranges::size(range));
  return detail::make_pool_call(
      options.where, &detail::run_reduce<T, std::ranges::iterator_t<Range>, Combine, Map>,
      std::ranges::begin(range), count, detail::fixed_grain(count, options.grain),
      std::move(initial), std::move(combine), std::move(map));
}

}  // namespace lariat
