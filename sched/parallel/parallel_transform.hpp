#pragma once

#include <lariat/sched/parallel/parallel_for.hpp>

#include <cstddef>
#include <functional>
#include <iterator>
#include <ranges>
#include <utility>

namespace lariat {
namespace detail {

template <class Iterator, class Output, class Function>
fork_task<> run_transform(Iterator first, std::size_t count, std::size_t grain, Output output,
                          Function function) {
  (void)stop_all_on_failure();
  auto body = [&](std::size_t from, std::size_t to) {
    for (; from != to; ++from) {
      output[static_cast<std::iter_difference_t<Output>>(from)] =
          std::invoke(function, first[static_cast<std::iter_difference_t<Iterator>>(from)]);
    }
  };
  co_await split(count, grain, &body);
}

}  // namespace detail

/// `output[i] = function(range[i])` for all i, in parallel. The output may be the range itself.
/// Nothing else may change either meanwhile.
///
/// \throws What the function throws; see `parallel_for`.
///
/// \par Cancellation
/// As for `parallel_for`.
template <std::ranges::random_access_range Range, std::random_access_iterator Output,
          class Function>
  requires std::ranges::sized_range<Range> && std::ranges::borrowed_range<Range>
[[nodiscard]] auto parallel_transform(Range&& range, Output output, Function function,
                                      parallel_options options = {}) {
  return detail::make_pool_call(
      options.where, &detail::run_transform<std::ranges::iterator_t<Range>, Output, Function>,
      std::ranges::begin(range), static_cast<std::size_t>(std::ranges::size(range)), options.grain,
      output, std::move(function));
}

}  // namespace lariat
