#pragma once

#include <lariat/sched/coroutine/detail/awaiter.hpp>

#include <coroutine>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace lariat::detail {

template <class Awaiter>
class loop_trip;
template <class Awaiter>
class foreign_awaiter;

/// An awaiter that works with the task's loop or context, as every operation does. It is marked by
/// a member type of this name.
template <class Awaiter>
concept bound_to_loop = requires { typename std::remove_cvref_t<Awaiter>::bound_to_loop; };

/// The awaiter of a coroutine that becomes part of the awaiting task and resumes it where it runs:
/// of tasks and generators. It is marked in the same way.
template <class Awaiter>
concept part_of_task = requires { typename std::remove_cvref_t<Awaiter>::part_of_task; };

/// How a coroutine awaits an awaiter that is bound to a loop: directly if the coroutine runs on the
/// loop, by a `loop_trip` if it runs on a pool. One word, because it is part of every frame that
/// awaits: an address, with a tag in the lowest bit that tells which of the two.
template <class Awaiter>
class loop_awaiter {
 public:
  /// The word is the address of `awaiter`; on a pool that of the trip, once there is one.
  loop_awaiter(Awaiter& awaiter, bool on_pool) noexcept
      : word_(reinterpret_cast<std::uintptr_t>(&awaiter) | (on_pool ? by_trip : 0)) {}

  bool await_ready() { return !travels() && awaiter().await_ready(); }

  // Always inlined: g++ and clang would not inline it because of its one cold branch.
  template <class Promise>
  [[gnu::always_inline]] auto await_suspend(std::coroutine_handle<Promise> caller)
      -> decltype(std::declval<Awaiter&>().await_suspend(caller)) {
    if (travels()) [[unlikely]]
      return travel<decltype(std::declval<Awaiter&>().await_suspend(caller))>(caller);
    return awaiter().await_suspend(caller);
  }

  [[gnu::always_inline]] decltype(auto) await_resume() {
    if (travels()) [[unlikely]]
      return loop_trip<Awaiter>::finish(word_ & ~by_trip);
    return awaiter().await_resume();
  }

 private:
  static constexpr std::uintptr_t by_trip = 1;

  [[nodiscard]] bool travels() const noexcept { return (word_ & by_trip) != 0; }
  // \pre It does not travel, so there is no tag to remove.
  [[nodiscard]] Awaiter& awaiter() const noexcept { return *reinterpret_cast<Awaiter*>(word_); }

  // Not inlined, to keep it out of the code that loops run.
  template <class Answer, class Promise>
  [[gnu::noinline, gnu::cold]] Answer travel(std::coroutine_handle<Promise> caller) {
    auto& awaiter = *reinterpret_cast<Awaiter*>(word_ & ~by_trip);
    auto* const trip = new loop_trip<Awaiter>(awaiter, caller);
    word_ = reinterpret_cast<std::uintptr_t>(trip) | by_trip;
    trip->start();  // Last: from here on the trip may resume the frame.
    if constexpr (std::is_same_v<Answer, bool>) {
      return true;
    } else if constexpr (!std::is_void_v<Answer>) {
      return std::noop_coroutine();
    }
  }

  std::uintptr_t word_;
};

/// The same for an operation that `operator co_await` makes, which is stored here.
template <class Operation>
class hosted_loop_awaiter {
 public:
  template <class Make>
  hosted_loop_awaiter(Make make, bool on_pool) : operation_(make()), way_(operation_, on_pool) {}
  hosted_loop_awaiter(const hosted_loop_awaiter&) = delete;

  bool await_ready() { return way_.await_ready(); }
  template <class Promise>
  decltype(auto) await_suspend(std::coroutine_handle<Promise> caller) {
    return way_.await_suspend(caller);
  }
  decltype(auto) await_resume() { return way_.await_resume(); }

 private:
  Operation operation_;
  loop_awaiter<Operation> way_;
};

/// The awaiter by which a coroutine on a loop, or on a pool, carries out `co_await awaitable`.
template <class Awaitable>
decltype(auto) awaiter_for(Awaitable&& awaitable, bool on_pool) {
  using made = decltype(get_awaiter(static_cast<Awaitable&&>(awaitable)));
  if constexpr (bound_to_loop<made>) {
    static_assert(!std::is_reference_v<made>, "operator co_await gives an operation by value");
    return hosted_loop_awaiter<made>(
        [&]() -> made { return get_awaiter(static_cast<Awaitable&&>(awaitable)); }, on_pool);
  } else if constexpr (bound_to_loop<Awaitable>) {
    return loop_awaiter<std::remove_reference_t<Awaitable>>(awaitable, on_pool);
  } else if constexpr (part_of_task<made> || part_of_task<Awaitable>) {
    return get_awaiter(static_cast<Awaitable&&>(awaitable));
  } else if constexpr (has_member_co_await<Awaitable> || has_free_co_await<Awaitable>) {
    return foreign_awaiter<made>(
        [&]() -> made { return get_awaiter(static_cast<Awaitable&&>(awaitable)); });
  } else {
    using itself = std::remove_reference_t<Awaitable>&;
    return foreign_awaiter<itself>([&]() -> itself { return awaitable; });
  }
}

}  // namespace lariat::detail
