#pragma once

#include <coroutine>

namespace lariat::detail {

template <class T>
concept has_member_co_await = requires(T&& t) { static_cast<T&&>(t).operator co_await(); };

template <class T>
concept has_free_co_await = requires(T&& t) { operator co_await(static_cast<T&&>(t)); };

/// A reference to an awaiter elsewhere in the same full expression. g++ 12 copies an awaiter that
/// await_transform returns by reference, and operations must not be copied; this may be.
template <class Awaiter>
class awaiter_reference {
 public:
  explicit awaiter_reference(Awaiter& awaiter) noexcept : awaiter_(awaiter) {}

  bool await_ready() { return awaiter_.await_ready(); }
  template <class Promise>
  decltype(auto) await_suspend(std::coroutine_handle<Promise> caller) {
    return awaiter_.await_suspend(caller);
  }
  decltype(auto) await_resume() { return awaiter_.await_resume(); }

 private:
  Awaiter& awaiter_;
};

/// The awaiter that `co_await` uses: the result of operator co_await, or the object itself.
template <class Awaitable>
decltype(auto) get_awaiter(Awaitable&& awaitable) {
  if constexpr (has_member_co_await<Awaitable>) {
    return static_cast<Awaitable&&>(awaitable).operator co_await();
  } else if constexpr (has_free_co_await<Awaitable>) {
    return operator co_await(static_cast<Awaitable&&>(awaitable));
  } else {
    static_assert(
        requires { awaitable.await_ready(); },
        "co_await takes a task, an operation or another awaitable, and this is none: a "
        "function that gives one is to be called, as in co_await work()");
    return awaiter_reference(awaitable);
  }
}

template <class Awaitable>
struct await_result {
  using type = decltype(get_awaiter(static_cast<Awaitable&&>(*static_cast<Awaitable*>(nullptr)))
                            .await_resume());
};

/// The type of `co_await awaitable`.
template <class Awaitable>
using await_result_t = typename await_result<Awaitable>::type;

}  // namespace lariat::detail
