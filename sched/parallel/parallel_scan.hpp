#pragma once

#include <lariat/sched/parallel/detail/split.hpp>
#include <lariat/sched/parallel/parallel_options.hpp>
#include <lariat/sched/pool/to_pool.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

namespace lariat {
namespace detail {

// Two passes: the first sums each piece, the second scans each piece, starting from the sum of
// those before it.
template <class T, class Iterator, class Output, class Combine>
fork_task<> run_scan(Iterator first, std::size_t count, std::size_t grain, Output output, T initial,
                     Combine combine) {
  using in_offset = std::iter_difference_t<Iterator>;
  using out_offset = std::iter_difference_t<Output>;
  const fork_scope& scope = stop_all_on_failure();
  const std::size_t pieces = count / grain + (count % grain != 0);
  std::vector<std::optional<T>> sums(pieces);
  const auto size_of = [&](std::size_t piece) { return std::min(grain, count - piece * grain); };
  auto sum_pieces = [&](std::size_t from, std::size_t to) {
    for (; from != to; ++from) {
      const std::size_t begin = from * grain;
      T sum = first[static_cast<in_offset>(begin)];
      if (grain > 1) {
        run_until_stopped(scope, begin + 1, begin + grain, [&](std::size_t i, std::size_t end) {
          for (; i != end; ++i) {
            sum = std::invoke(combine, std::move(sum), first[static_cast<in_offset>(i)]);
          }
        });
      }
      sums[from].emplace(std::move(sum));
    }
  };
  if (pieces > 1)
    co_await split(pieces - 1, std::size_t{0}, &sum_pieces);  // The last sum is not needed.
  std::optional<T> before(std::move(initial));
  for (std::optional<T>& each : sums) {
    scope.check();
    std::optional<T> next;
    if (each) next.emplace(std::invoke(combine, *before, *std::move(each)));
    each = std::move(before);
    before = std::move(next);
  }
  auto scan_pieces = [&](std::size_t from, std::size_t to) {
    for (; from != to; ++from) {
      T sum = *std::move(sums[from]);
      const std::size_t begin = from * grain;
      run_until_stopped(scope, begin, begin + size_of(from), [&](std::size_t i, std::size_t end) {
        for (; i != end; ++i) {
          sum = std::invoke(combine, std::move(sum), first[static_cast<in_offset>(i)]);
          output[static_cast<out_offset>(i)] = sum;
        }
      });
    }
  };
  co_await split(pieces, std::size_t{0}, &scan_pieces);
}

}  // namespace detail

/// Running sums, as std::inclusive_scan: `output[i] = combine(... combine(initial, range[0]) ...,
/// range[i])`, in parallel. `combine` must be associative, and is called about twice for each
/// element. The output may be the range itself. Nothing else may change either meanwhile.
/// Deterministic as `parallel_reduce` is.
///
/// \throws What `combine` throws; see `parallel_for`.
///
/// \par Cancellation
/// As for `parallel_for`.
template <std::ranges::random_access_range Range, std::random_access_iterator Output, class T,
          class Combine = std::plus<>>
  requires std::ranges::sized_range<Range> && std::ranges::borrowed_range<Range>
[[nodiscard]] auto parallel_scan(Range&& range, Output output, T initial, Combine combine = {},
                                 parallel_options options = {}) {
  const auto count = static_cast<std::size_t>(std::ranges::size(range));
  return detail::make_pool_call(
      options.where, &detail::run_scan<T, std::ranges::iterator_t<Range>, Output, Combine>,
      std::ranges::begin(range), count, detail::fixed_grain(count, options.grain), output,
      std::move(initial), std::move(combine));
}

}  // namespace lariat
