#pragma once

#include <lariat/sched/coroutine/detail/awaiter.hpp>

#include <concepts>
#include <functional>
#include <type_traits>

namespace lariat {
template <class T>
class task;
}  // namespace lariat

// Tools to tell a user why a call does not compile. If a constraint is not met, a compiler lists
// all candidates and why each is not viable. So beside functions with constraints there are
// overloads that accept all other arguments, with a static_assert that says what to write instead:
// that is the first error, and often the only one.

namespace lariat::detail {

/// For a static_assert that fails wherever its template is used.
template <class...>
inline constexpr bool never = false;

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

/// A type that co_await accepts.
template <class T>
concept can_be_awaited = has_member_co_await<T> || has_free_co_await<T> ||
                         requires(std::remove_reference_t<T>& t) { t.await_ready(); };

/// A function that gives a task when it is called with these arguments.
template <class F, class... Args>
concept gives_task = std::invocable<F, Args...> && is_task<std::invoke_result_t<F, Args...>>;

/// A function that could be called with copies of these arguments, if it did not take one of them
/// by reference: copies are handed over as rvalues.
template <class F, class... Args>
concept wants_reference = !std::invocable<std::decay_t<F>&, std::decay_t<Args>...> &&
                          std::invocable<std::decay_t<F>&, std::decay_t<Args>&...>;

/// Refuses arguments that cannot be copied and were not moved, with a better error than
/// std::tuple's.
template <class... Args>
consteval void require_storable() {
  static_assert((std::constructible_from<std::decay_t<Args>, Args> && ...),
                "the function and its arguments are kept: one that cannot be copied is handed over "
                "by std::move");
}

}  // namespace lariat::detail
