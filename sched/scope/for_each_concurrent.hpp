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
/// or moved in; `std::views::all(range)` or a span refers to one that stays. Costs a coroutine for
/// each place of the limit, as far as there are elements, and one for each call. (asyncio's
/// semaphore and gather; p-limit; Rust's for_each_concurrent.)
///
/// A range that passes once, such as `std::views::istream<std::string>(file)`, is read as its
/// elements are begun, one at a time and not ahead; the function gets what was read as an rvalue,
/// which lives as long as the call. If reading blocks, it blocks the loop: what comes from a file
/// or a socket belongs in a generator. Its length is not known, so there are as many coroutines
/// as the limit says from the beginning: a million at most.
///
/// In a task that runs on a pool the calls run in parallel.
///
/// \throws what a call, or the range, throws: the first that fails cancels the others, which are
/// waited for, and the rest is not begun. std::invalid_argument if `limit` is zero,
/// std::length_error if it is more than a million and the length is not known.
///
/// \par Cancellation
/// Cancels all calls under way and waits for their end.
template <std::ranges::input_range Range, class Function>
  requires detail::gives_awaitable<Function&, typename detail::shared_walk<Range>::element>
[[nodiscard]] task<> for_each_concurrent(Range range, std::size_t limit, Function function) {
  detail::require_concurrency(limit);
  const std::size_t count = detail::worth_walking(range, limit);
  detail::shared_walk<Range> places(range);
  std::vector<task<>> all = detail::walkers(count, places, function);
  co_await when_all(std::move(all));
}

/// The same for the values of a generator. They are awaited one at a time, and only when there is a
/// place for a call; the function gets each as an rvalue, which lives as long as the call. There
/// are as many coroutines as the limit says from the beginning, and the generator runs on behalf of
/// the one that awaits its next value. It is gone when this has ended. (Rust's for_each_concurrent
/// of a Stream; p-map of an async iterable.)
///
/// \throws as above, and what the generator throws.
///
/// \par Cancellation
/// Cancels all calls under way and what the generator awaits, and waits for their end. A value that
/// the generator gave all the same is begun, and its call cancelled.
template <class T, class Function>
  requires detail::gives_awaitable<Function&, T>
[[nodiscard]] task<> for_each_concurrent(async_generator<T> items, std::size_t limit,
                                         Function function) {
  detail::require_concurrency(limit);
  detail::shared_generator<T> shared(items);
  std::vector<task<>> all = detail::walkers(detail::require_walkers(limit), shared, function);
  co_await when_all(std::move(all));
}

/// These take what the others do not, and say what is wrong with it.
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
