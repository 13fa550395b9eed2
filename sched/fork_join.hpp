#pragma once

#include <lariat/sched/detail/fork_group.hpp>
#include <lariat/sched/detail/slot.hpp>
#include <lariat/sched/when_all.hpp>

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lariat {

template <class T>
class fork_task;

namespace detail {

template <class... T>
class fork_join_operation;
template <class... T>
class forks;
template <class T, class F, class... Args>
class fork_job;

template <class T>
class fork_promise_result : public fork_promise_base {
 public:
  void unhandled_exception() noexcept { result_.fail(std::current_exception()); }
  [[nodiscard]] slot<T>& result() noexcept { return result_; }

  /// Only forks and joins: what else there is to await belongs into a task.
  template <class... U>
  fork_join_operation<U...> await_transform(forks<U...>&& children) noexcept;
  template <class U>
  fork_join_operation<U> await_transform(fork_task<U>&& call) noexcept;
  template <class Other>
  std::suspend_never await_transform(Other&&) noexcept {
    static_assert(std::is_void_v<Other>,
                  "a fork_task awaits fork_join(...) and fork_tasks, in the expression that calls "
                  "them or by std::move; what waits for anything else belongs into a task, on a "
                  "loop");
    return {};
  }

  /// That of the coroutine whose frame is there.
  [[nodiscard]] static slot<T>& result_of(void* frame) noexcept {
    return std::coroutine_handle<fork_promise_result>::from_address(frame).promise().result();
  }

 protected:
  slot<T> result_;
};

template <class T>
class fork_promise_value : public fork_promise_result<T> {
 public:
  template <class Value = T>
    requires std::is_constructible_v<T, Value&&>
  void return_value(Value&& value) {
    this->result_.emplace(std::forward<Value>(value));
  }
};

template <>
class fork_promise_value<void> : public fork_promise_result<void> {
 public:
  void return_void() noexcept { result_.emplace(); }
};

/// \tparam trivial Whether neither the parameters nor the result need a destructor.
template <class T, bool trivial>
class fork_promise final : public fork_promise_value<T> {
 public:
  fork_task<T> get_return_object() noexcept {
    return fork_task<T>(std::coroutine_handle<fork_promise>::from_promise(*this).address(),
                        trivial);
  }
};

}  // namespace detail

/// A coroutine for computing: it forks others, which idle workers of its pool steal, and waits for
/// them, and for nothing else: `co_await fork_join(a(), b())`, or `co_await a()`, which only calls.
/// Start the first one by `to_pool`.
///
/// Frames lie on a stack of the pool's, which grows as memory lasts: a call costs some 5 ns, a fork
/// that nobody steals twice that. In return a fork_task is awaited in the expression that calls it,
/// cannot be moved, and may be called by code that runs on a pool only.
/// \throws std::logic_error when called elsewhere.
///
/// \par Cancellation
/// When the `to_pool` that it belongs to is cancelled its next fork, or call, throws
/// operation_cancelled.
///
/// \par Threads
/// After an await it may run on another worker than before.
template <class T = void>
class [[nodiscard("it does nothing until it is awaited")]] fork_task {
 public:
  using value_type = T;

  fork_task(const fork_task&) = delete;
  fork_task& operator=(const fork_task&) = delete;

  /// For tasks, which cannot await it: says what they can.
  template <class Task = T>
  auto operator co_await() const {
    static_assert(!std::is_same_v<Task, T>,
                  "a fork_task runs on a pool: a task awaits to_pool(function, args...), another "
                  "fork_task awaits the call itself, or std::move of a named one");
    return std::suspend_never();
  }

  ~fork_task() {
    // Of a trivial one there is only the memory, which goes with the await or with the awaiter.
    if ((frame_ & trivial_bit) == 0) std::coroutine_handle<>::from_address(address()).destroy();
  }

 private:
  template <class U, bool trivial>
  friend class detail::fork_promise;
  template <class... U>
  friend class detail::fork_join_operation;
  template <class U, class F, class... Args>
  friend class detail::fork_job;

  static constexpr std::uintptr_t trivial_bit = 1;
  fork_task(void* frame, bool trivial) noexcept
      : frame_(reinterpret_cast<std::uintptr_t>(frame) | (trivial ? trivial_bit : 0)) {}
  [[nodiscard]] void* address() const noexcept {
    std::uintptr_t frame = frame_;
    // One by one: compilers load two that were just stored as one vector, and wait for the stores.
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
      : fork_group(sizeof...(T)), children_{children.address()...} {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) {
    return start(parent, [this](std::size_t i) { return children_[i]; });
  }
  auto await_resume() { return resume(std::index_sequence_for<T...>()); }

 private:
  template <std::size_t... i>
  auto resume(std::index_sequence<i...>) {
    if ((fork_promise_result<T>::result_of(children_[i]).has_error() || ...)) [[unlikely]]
      rethrow(std::index_sequence<i...>());
    if constexpr (sizeof...(T) > 1) {
      all_values<value_of<T>...> values{
          take_value(fork_promise_result<T>::result_of(children_[i]))...};
      free_frames();
      return values;
    } else if constexpr (std::is_void_v<T...>) {
      free_frames();
    } else {
      auto value = take_value(fork_promise_result<T...>::result_of(children_[0]));
      free_frames();
      return value;
    }
  }

  // The first error. No child's destructor would let go of the others.
  template <std::size_t... i>
  [[noreturn, gnu::cold]] void rethrow(std::index_sequence<i...>) {
    std::exception_ptr first;
    (take_error(fork_promise_result<T>::result_of(children_[i]), first), ...);
    free_frames();
    std::rethrow_exception(std::move(first));
  }
  template <class U>
  static void take_error(slot<U>& ended, std::exception_ptr& first) {
    if (!ended.has_error()) return;
    try {
      (void)ended.take();
    } catch (...) {
      if (first == nullptr) first = std::current_exception();
    }
  }

  // All at once: they lie one after the other, in either order.
  void free_frames() noexcept {
    current_strand.frames.deallocate(std::min(children_[0], children_[sizeof...(T) - 1]));
  }

  void* children_[sizeof...(T)];
};

/// What `fork_join` gives: the tasks, which live to the end of the await expression.
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

/// Runs them, in parallel if other workers are free, and gives their values in order: `auto [a, b]
/// = co_await fork_join(f(), g());`. The first runs at once, on this worker; the others wait to be
/// stolen, and what was not is run here in turn. 1 to 6 of them; more by nesting.
///
/// \throws The first exception, in order of the arguments, when all have ended. The others are
/// dropped.
///
/// \par Cancellation
/// As for `fork_task`: nothing is started.
template <class... T>
[[nodiscard]] detail::forks<T...> fork_join(fork_task<T>&&... tasks) noexcept {
  static_assert(sizeof...(T) > 0 && sizeof...(T) <= 6, "fork_join takes 1 to 6 fork_tasks");
  return detail::forks<T...>(tasks...);
}

}  // namespace lariat

/// The promise knows whether its frame has anything to destroy: mostly not. (The one specialisation
/// that the standard expects of a coroutine library.)
template <class T, class... Args>
struct std::coroutine_traits<lariat::fork_task<T>, Args...> {
  using promise_type = lariat::detail::fork_promise<
      T, std::is_void_v<T>
             ? (std::is_trivially_destructible_v<Args>&&...)
             : (std::is_trivially_destructible_v<T>&&...&& std::is_trivially_destructible_v<Args>)>;
};
