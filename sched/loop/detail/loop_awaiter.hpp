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

/// An awaiter that works with the task's loop or context: every operation. Such a one says so, by a
/// member type of this name.
template <class Awaiter>
concept bound_to_loop = requires { typename std::remove_cvref_t<Awaiter>::bound_to_loop; };

/// The awaiter of a coroutine that becomes part of the task that awaits it, and comes back by
/// itself where that runs: tasks and generators. It says so in the same way.
template <class Awaiter>
concept part_of_task = requires { typename std::remove_cvref_t<Awaiter>::part_of_task; };

/// How a coroutine awaits what is bound to a loop: as it is on the loop itself, and by a
/// `loop_trip` on a pool. A word with the way in its lowest bit, for it lies in every frame that
/// awaits.
template <class Awaiter>
class loop_awaiter {
 public:
  /// The constructor's word is `awaiter`'s address, then the trip's.
  loop_awaiter(Awaiter& awaiter, bool on_pool) noexcept
      : word_(reinterpret_cast<std::uintptr_t>(&awaiter) | (on_pool ? by_trip : 0)) {}

  bool await_ready() { return !travels() && awaiter().await_ready(); }

  // Inlined: g++ and clang take the one cold branch for a reason not to.
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
  // Where it does not travel: the bit need not be taken off.
  [[nodiscard]] Awaiter& awaiter() const noexcept { return *reinterpret_cast<Awaiter*>(word_); }

  // Out of the way of the code that loops run.
  template <class Answer, class Promise>
  [[gnu::noinline, gnu::cold]] Answer travel(std::coroutine_handle<Promise> caller) {
    auto& awaiter = *reinterpret_cast<Awaiter*>(word_ & ~by_trip);
    auto* const trip = new loop_trip<Awaiter>(awaiter, caller);
    word_ = reinterpret_cast<std::uintptr_t>(trip) | by_trip;
    trip->start();  // Last: from here on the frame is the trip's.
    if constexpr (std::is_same_v<Answer, bool>) {
      return true;
    } else if constexpr (!std::is_void_v<Answer>) {
      return std::noop_coroutine();
    }
  }

  std::uintptr_t word_;
};

/// The same for an operation that `operator co_await` makes: it lies here.
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

/// What a coroutine that runs on a loop, or on a pool, uses for `co_await awaitable`.
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
