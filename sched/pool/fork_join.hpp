#pragma once

#include <lariat/sched/coroutine/detail/slot.hpp>
#include <lariat/sched/pool/detail/fork_group.hpp>
#include <lariat/sched/pool/detail/fork_promise.hpp>
#include <lariat/sched/pool/detail/fork_range.hpp>
#include <lariat/sched/scope/when_all.hpp>

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

// Lets a class with a destructor be returned in a register. g++ has no such attribute.
#if defined(__clang__)
#define LARIAT_TRIVIAL_ABI [[clang::trivial_abi]]
#else
#define LARIAT_TRIVIAL_ABI
#endif

namespace lariat {
namespace detail {

template <class T, class F, class... Args>
class fork_job;

}  // namespace detail

/// A coroutine for computing. It forks others, which idle workers of its pool steal, and waits for
/// them: `co_await fork_join(a(), b())`, or `co_await a()`, which is a plain call. It can await
/// nothing else. Start the first one by `to_pool`.
///
/// Its frame is on a stack of the pool, which grows as far as memory lasts: a call costs some 5 ns,
/// a fork that nobody steals twice that. In return a fork_task must be awaited in the expression
/// that calls it, cannot be moved, and may be called only by code that runs on a pool.
/// \throws std::logic_error when called elsewhere.
///
/// \par Cancellation
/// When the `to_pool` that it belongs to is cancelled, or another child of a fork that it descends
/// from fails, its next fork or call throws operation_cancelled.
///
/// \par Threads
/// After an await it may run on another worker than before.
template <class T = void>
class LARIAT_TRIVIAL_ABI [[nodiscard("it does nothing until it is awaited")]] fork_task {
 public:
  using value_type = T;

  fork_task(fork_task&&) = delete;
  fork_task& operator=(const fork_task&) = delete;

  /// Chosen when a task awaits it, which is not possible; says what to do instead.
  template <class Task = T>
  auto operator co_await() const {
    static_assert(!std::is_same_v<Task, T>,
                  "a fork_task runs on a pool: a task awaits to_pool(function, args...), another "
                  "fork_task awaits the call itself, or std::move of a named one");
    return std::suspend_never();
  }

  [[gnu::always_inline]] ~fork_task() {
    // A trivial frame is only memory, which is freed by the await or with the awaiter's frame.
    if ((frame_ & trivial_bit) == 0) std::coroutine_handle<>::from_address(address()).destroy();
  }

 private:
  template <class U, bool trivial>
  friend class detail::fork_promise;
  template <class... U>
  friend class detail::fork_join_operation;
  template <class U>
  friend class detail::fork_range_operation;
  template <class U, class F, class... Args>
  friend class detail::fork_job;

  // Never called, but needed for returning it in a register.
  fork_task(const fork_task&) = default;
  static constexpr std::uintptr_t trivial_bit = 1;
  fork_task(void* frame, bool trivial) noexcept
      : frame_(reinterpret_cast<std::uintptr_t>(frame) | (trivial ? trivial_bit : 0)) {}
  [[nodiscard]] void* address() const noexcept {
    std::uintptr_t frame = frame_;
    // Keeps compilers from loading two addresses that were just stored as one vector, which would
    // have to wait for both stores.
    asm("" : "+r"(frame));
    return reinterpret_cast<void*>(frame & ~trivial_bit);
  }

  std::uintptr_t frame_;
};

namespace detail {

template <class... T>
class [[nodiscard]] fork_join_operation : fork_group {
 public:
  explicit fork_join_operation(fork_task<T>&... children) noexcept
      : children_{children.address()...} {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) {
    return start(parent, sizeof...(T), [this](std::size_t i) { return children_[i]; });
  }
  // Clang would not inline it, because it may throw.
  [[gnu::always_inline]] auto await_resume() { return resume(std::index_sequence_for<T...>()); }

 private:
  template <std::size_t... i>
  [[gnu::always_inline]] auto resume(std::index_sequence<i...>) {
    if (incomplete()) [[unlikely]]
      rethrow(std::index_sequence<i...>());
    if constexpr (sizeof...(T) > 1) {
      all_values<value_of<T>...> values{
          take_value(not_failed(fork_promise_result<T>::result_of(children_[i])))...};
      free_frames();
      return values;
    } else if constexpr (std::is_void_v<T...>) {
      free_frames();
    } else {
      auto value = take_value(not_failed(fork_promise_result<T...>::result_of(children_[0])));
      free_frames();
      return value;
    }
  }

  // Throws the first failure. Takes the errors of all children, because frames are freed without
  // destructors, which would leak the others.
  template <std::size_t... i>
  [[noreturn, gnu::cold]] void rethrow(std::index_sequence<i...>) {
    std::exception_ptr first;
    (take_error(fork_promise_result<T>::result_of(children_[i]), first), ...);
    free_frames();
    rethrow_failure(std::move(first));
  }

  // Frees all frames at once: they are adjacent, in either order.
  void free_frames() noexcept {
    current_stacklet().frames.deallocate(std::min(children_[0], children_[sizeof...(T) - 1]));
  }

  void* children_[sizeof...(T)];
};

/// The result of `fork_join`: references to the tasks, which live until the end of the await
/// expression.
template <class... T>
class [[nodiscard("it does nothing until it is awaited")]] forks {
 public:
  explicit forks(fork_task<T>&... tasks) noexcept : tasks_(tasks...) {}

  template <std::size_t count = sizeof...(T)>
  auto operator co_await() const {
    static_assert(count != sizeof...(T),
                  "fork_join is for fork_tasks, which run on a pool: a task awaits "
                  "to_pool(function, args...)");
    return std::suspend_never();
  }

 private:
  template <class>
  friend class fork_promise_result;
  std::tuple<fork_task<T>&...> tasks_;
};

template <class T>
template <class... U>
fork_join_operation<U...> fork_promise_result<T>::await_transform(forks<U...>&& children) noexcept {
  return std::apply([](fork_task<U>&... each) { return fork_join_operation<U...>(each...); },
                    children.tasks_);
}

template <class T>
template <class U>
fork_join_operation<U> fork_promise_result<T>::await_transform(fork_task<U>&& call) noexcept {
  return fork_join_operation<U>(call);
}

}  // namespace detail

/// Runs 1 to 6 fork_tasks, in parallel if other workers are free, and gives their values in order:
/// `auto [a, b] = co_await fork_join(f(), g());`. The first runs at once, on this worker; the
/// others may be stolen, and those that were not are run here in turn. For more, or a number known
/// at run time, pass a range.
///
/// When one fails, those that have not begun are not started, and those that have are cancelled at
/// their next fork.
///
/// \throws that failure, when all have ended; if several have failed, the first in order of the
/// arguments, and the others are dropped.
///
/// \par Cancellation
/// As for `fork_task`: nothing more is started.
template <class... T>
[[nodiscard]] detail::forks<T...> fork_join(fork_task<T>&&... tasks) noexcept {
  static_assert(sizeof...(T) > 0 && sizeof...(T) <= 6, "fork_join takes 1 to 6 fork_tasks");
  return detail::forks<T...>(tasks...);
}

/// The same for a range of fork_tasks, which are made as its elements are read: `co_await
/// fork_join(nodes | std::views::transform(visit))`. Gives a std::vector of the values, in order;
/// nothing for fork_tasks without a value. An empty range gives an empty vector at once.
///
/// All are made before the first runs, in order, on the stacklet's stack. The range must live until
/// the await is over, as a temporary in its expression does.
///
/// \throws as above; also what making a child throws, and std::length_error for more than 2^31 - 1
/// children: then nothing was started.
///
/// \par Cancellation
/// As above.
template <detail::range_of_forks Range>
[[nodiscard]] auto fork_join(Range&& range) {
  return detail::fork_range(std::ranges::begin(range),
                            static_cast<std::size_t>(std::ranges::size(range)));
}

/// The same for `make_child(0)` to `make_child(count - 1)`. A closure whose captures need a
/// destructor is to be named before the await (ARCHITECTURE.md, G2).
///
/// \par Cancellation
/// As above.
template <class MakeChild>
  requires detail::is_fork_task<std::invoke_result_t<MakeChild&, std::size_t>>
[[nodiscard]] auto fork_join(std::size_t count, MakeChild&& make_child) noexcept {
  return detail::fork_range(detail::call_iterator(make_child), count);
}

}  // namespace lariat

#undef LARIAT_TRIVIAL_ABI

/// Chooses a promise that knows whether the frame has anything to destroy: mostly it has not. (The
/// one specialisation that the standard expects of a coroutine library.)
template <class T, class... Args>
struct std::coroutine_traits<lariat::fork_task<T>, Args...> {
  using promise_type = lariat::detail::fork_promise<
      T, std::is_void_v<T>
             ? (std::is_trivially_destructible_v<Args>&&...)
             : (std::is_trivially_destructible_v<T>&&...&& std::is_trivially_destructible_v<Args>)>;
};
