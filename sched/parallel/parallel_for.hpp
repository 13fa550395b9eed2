#pragma once

#include <lariat/sched/parallel/detail/split.hpp>
#include <lariat/sched/parallel/parallel_options.hpp>
#include <lariat/sched/pool/to_pool.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <ranges>
#include <utility>

namespace lariat {
namespace detail {

template <class Function, class Index>
fork_task<> run_for(Index first, std::size_t count, std::size_t grain, Function function) {
  (void)stop_all_on_failure();
  auto body = [&](std::size_t from, std::size_t to) {
    for (; from != to; ++from)
      std::invoke(function, static_cast<Index>(static_cast<std::size_t>(first) + from));
  };
  co_await split(count, grain, &body);
}

template <class Function, class Iterator>
fork_task<> run_for_each(Iterator first, std::size_t count, std::size_t grain, Function function) {
  (void)stop_all_on_failure();
  auto body = [&](std::size_t from, std::size_t to) {
    using offset = std::iter_difference_t<Iterator>;
    const Iterator end = first + static_cast<offset>(to);
    for (Iterator each = first + static_cast<offset>(from); each != end; ++each) {
      std::invoke(function, *each);
    }
  };
  co_await split(count, grain, &body);
}

}  // namespace detail

/// Calls `function(i)` for each i in [first, last), in parallel and in any order. Calls nothing if
/// `last` is not greater than `first`.
///
/// The function is copied once, and called by several workers at a time. Await it in a task, or
/// call `.get()` on a plain thread or inside a fork_task. Work is split as workers ask for it, so
/// short bodies cost no more than in a plain loop, and unequal ones are balanced. With a grain,
/// work is halved until the pieces are no larger than that.
///
/// \throws what the function throws, when all calls that were running have ended; of several
/// exceptions the first in the order of the pieces. A failure stops the others as a cancel does.
///
/// \par Cancellation
/// Each worker stops soon: after its current call if calls take longer than some microseconds, and
/// after at most 4096 calls if they are short or a grain was given. Calls already made are not
/// undone. Another algorithm or `to_pool` that the function waits for by `.get()` is stopped with
/// it.
template <std::integral Index, class Function>
  requires std::invocable<Function&, Index>
[[nodiscard]] auto parallel_for(Index first, std::type_identity_t<Index> last, Function function,
                                parallel_options options = {}) {
  // Unsigned: the distance between the extreme values does not fit the signed type.
  const auto count = last > first ? static_cast<std::size_t>(last) - static_cast<std::size_t>(first)
                                  : std::size_t{0};
  return detail::make_pool_call(options.where, &detail::run_for<Function, Index>, first, count,
                                options.grain, std::move(function));
}

/// Calls `function(element)` for each element of a random-access range, which must not change
/// meanwhile. As above.
///
/// \par Cancellation
/// As above.
template <std::ranges::random_access_range Range, class Function>
  requires std::ranges::sized_range<Range> && std::ranges::borrowed_range<Range> &&
           std::invocable<Function&, std::ranges::range_reference_t<Range>>
[[nodiscard]] auto parallel_for(Range&& range, Function function, parallel_options options = {}) {
  return detail::make_pool_call(
      options.where, &detail::run_for_each<Function, std::ranges::iterator_t<Range>>,
      std::ranges::begin(range), static_cast<std::size_t>(std::ranges::size(range)), options.grain,
      std::move(function));
}

}  // namespace lariat
