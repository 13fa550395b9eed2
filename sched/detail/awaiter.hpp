#pragma once

namespace lariat::detail {

template <class T>
concept has_member_co_await = requires(T&& t) { static_cast<T&&>(t).operator co_await(); };

template <class T>
concept has_free_co_await = requires(T&& t) { operator co_await(static_cast<T&&>(t)); };

/// What `co_await` would use: the result of operator co_await, or the object itself.
template <class Awaitable>
decltype(auto) get_awaiter(Awaitable&& awaitable) {
  if constexpr (has_member_co_await<Awaitable>) {
    return static_cast<Awaitable&&>(awaitable).operator co_await();
  } else if constexpr (has_free_co_await<Awaitable>) {
    return operator co_await(static_cast<Awaitable&&>(awaitable));
  } else {
    return static_cast<Awaitable&&>(awaitable);
  }
}

/// The type of `co_await awaitable`.
template <class Awaitable>
using await_result_t =
    decltype(get_awaiter(static_cast<Awaitable&&>(*static_cast<Awaitable*>(nullptr)))
                 .await_resume());

}  // namespace lariat::detail
