#pragma once

#include <lariat/sched/coroutine/detail/call_check.hpp>
#include <lariat/sched/scope/detail/shared_walk.hpp>
#include <lariat/sched/scope/when_all.hpp>
#include <lariat/sched/task/generator.hpp>
#include <lariat/sched/task/task.hpp>

#include <concepts>
#include <cstddef>
#include <ranges>
#include <utility>
#include <vector>

namespace lariat {

namespace detail {

template <class F, class... Args>
concept gives_awaitable =
    std::invocable<F, Args...> && can_be_awaited<std::invoke_result_t<F, Args...>>;

template <class Function, class Element>
consteval void explain_call_of_each() {
  if constexpr (std::invocable<Function&, Element>) {
    static_assert(
        never<Function>,
        "for_each_concurrent takes a function that gives a task, and this one gives "
        "something else: a lambda says so, [](auto& element) -> task<> { ... co_return; }");
  } else {
    static_assert(never<Function>,
                  "for_each_concurrent(range, limit, function) calls function(element), and cannot "
                  "with this one: the element is a reference into the range, or an rvalue if the "
                  "range passes once or is a generator");
  }
}

}  // namespace detail

/// Awaits `function(element)` for each element of a range, at most `limit` of them at a time, and
/// ends when all have. The function gives a task; elements are begun in order. The range is copied
/// or moved in; pass `std::views::all(range)` or a span to refer to one that outlives this. Costs
/// one coroutine for each of `limit` walkers, but no more than there are elements, and one for each
/// call. (asyncio's semaphore and gather; p-limit; Rust's for_each_concurrent.)
///
/// A single-pass range, such as `std::views::istream<std::string>(file)`, is read only as calls
/// begin, one element at a time; the function gets the element as an rvalue, which lives as long as
/// the call. Reading that blocks, blocks the loop: use a generator to read from a file or a socket.
/// The length of such a range is not known, so `limit` coroutines are made at the beginning: a
/// million at most.
///
/// In a task that runs on a pool the calls run in parallel.
///
/// \throws what a call, or the range, throws: the first failure cancels the other calls, which are
/// waited for, and the rest is not begun. std::invalid_argument if `limit` is zero,
/// std::length_error if it is more than a million and the length is not known.
///
/// \par Cancellation
/// Cancels all running calls and waits for their end.
template <std::ranges::input_range Range, class Function>
  requires detail::gives_awaitable<Function&, typename detail::shared_walk<Range>::element>
[[nodiscard]] task<> for_each_concurrent(Range range, std::size_t limit, Function function) {
  detail::require_concurrency(limit);
  const std::size_t count = detail::worth_walking(range, limit);
  detail::shared_walk<Range> places(range);
  std::vector<task<>> all = detail::walkers(count, places, function);
  co_await when_all(std::move(all));
}

/// The same for the values of a generator. They are awaited one at a time, and only when another
/// call may begin; the function gets each as an rvalue, which lives as long as the call. `limit`
/// coroutines are made at the beginning, and the generator runs on behalf of the one that awaits
/// its next value. The generator is destroyed before this ends. (Rust's for_each_concurrent of a
/// Stream; p-map of an async iterable.)
///
/// \throws as above, and what the generator throws.
///
/// \par Cancellation
/// Cancels all running calls and what the generator awaits, and waits for their end. If the
/// generator gives a value all the same, its call is begun, and cancelled.
template <class T, class Function>
  requires detail::gives_awaitable<Function&, T>
[[nodiscard]] task<> for_each_concurrent(async_generator<T> items, std::size_t limit,
                                         Function function) {
  detail::require_concurrency(limit);
  detail::shared_generator<T> shared(items);
  std::vector<task<>> all = detail::walkers(detail::require_walkers(limit), shared, function);
  co_await when_all(std::move(all));
}

/// Chosen for arguments that the others do not accept; their static_asserts say what is wrong.
template <std::ranges::input_range Range, class Function>
  requires(!detail::gives_awaitable<Function&, typename detail::shared_walk<Range>::element>)
auto for_each_concurrent(Range, std::size_t, Function) {
  detail::explain_call_of_each<Function, typename detail::shared_walk<Range>::element>();
  return task<>();
}
template <class T, class Function>
  requires(!detail::gives_awaitable<Function&, T>)
auto for_each_concurrent(async_generator<T>, std::size_t, Function) {
  detail::explain_call_of_each<Function, T>();
  return task<>();
}

}  // namespace lariat
