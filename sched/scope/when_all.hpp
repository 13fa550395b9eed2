#pragma once

#include <lariat/sched/task/detail/children.hpp>
#include <lariat/sched/task/outcome.hpp>

#include <iterator>
#include <ranges>
#include <tuple>
#include <utility>
#include <vector>

namespace lariat {

/// The values of `when_all(a, b, ...)`, for structured bindings; a `detail::nothing` for void.
/// A struct rather than a tuple: g++ 15 repeats the destructors of tuple-like bindings of an await.
template <class... T>
struct all_values;
template <class A>
struct all_values<A> {
  A first;
};
template <class A, class B>
struct all_values<A, B> {
  A first;
  B second;
};
template <class A, class B, class C>
struct all_values<A, B, C> {
  A first;
  B second;
  C third;
};
template <class A, class B, class C, class D>
struct all_values<A, B, C, D> {
  A first;
  B second;
  C third;
  D fourth;
};
template <class A, class B, class C, class D, class E>
struct all_values<A, B, C, D, E> {
  A first;
  B second;
  C third;
  D fourth;
  E fifth;
};
template <class A, class B, class C, class D, class E, class F>
struct all_values<A, B, C, D, E, F> {
  A first;
  B second;
  C third;
  D fourth;
  E fifth;
  F sixth;
};

namespace detail {

template <class... T>
class [[nodiscard]] when_all_operation final : public child_tuple<T...> {
 public:
  explicit when_all_operation(std::tuple<task<T>...>&& bodies)
      : child_tuple<T...>(std::move(bodies)) {}

  all_values<value_of<T>...> await_resume() {
    this->rethrow_error();
    return std::apply(
        [](child<T>&... each) { return all_values<value_of<T>...>{take_value(each.result())...}; },
        this->children());
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"when_all"}; }

 private:
  bool decides(const std::exception_ptr& error) const noexcept override { return error != nullptr; }
};

template <class T>
class [[nodiscard]] when_all_range_operation final : public child_range<T> {
 public:
  explicit when_all_range_operation(std::vector<task<T>>&& bodies)
      : child_range<T>(std::move(bodies)) {}

  auto await_resume() {
    this->rethrow_error();
    if constexpr (!std::is_void_v<T>) {
      std::vector<std::remove_const_t<T>> values;
      values.reserve(this->count());
      for (child<T>& each : this->children()) values.push_back(each.result().take());
      return values;
    }
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"when_all"}; }

 private:
  bool decides(const std::exception_ptr& error) const noexcept override { return error != nullptr; }
};

template <class... T>
class [[nodiscard]] settled_operation final : public child_tuple<T...> {
 public:
  explicit settled_operation(std::tuple<task<T>...>&& bodies)
      : child_tuple<T...>(std::move(bodies)) {}

  all_values<outcome<T>...> await_resume() {
    if (this->refused() || this->cut_short()) this->throw_cancelled();
    return std::apply(
        [](child<T>&... each) { return all_values<outcome<T>...>{outcome<T>(each.result())...}; },
        this->children());
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"when_all_settled"}; }

 private:
  bool decides(const std::exception_ptr&) const noexcept override { return false; }
};

template <class T>
class [[nodiscard]] settled_range_operation final : public child_range<T> {
 public:
  explicit settled_range_operation(std::vector<task<T>>&& bodies)
      : child_range<T>(std::move(bodies)) {}

  std::vector<outcome<T>> await_resume() {
    if (this->refused() || this->cut_short()) this->throw_cancelled();
    std::vector<outcome<T>> ends;
    ends.reserve(this->count());
    for (child<T>& each : this->children()) ends.emplace_back(each.result());
    return ends;
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"when_all_settled"}; }

 private:
  bool decides(const std::exception_ptr&) const noexcept override { return false; }
};

/// A combinator that has not been awaited: tasks that have not started. Movable.
template <template <class...> class Operation, class... T>
class [[nodiscard("it does nothing until it is awaited")]] bundle {
 public:
  explicit bundle(task<T>&&... bodies) : bodies_(std::move(bodies)...) {}
  Operation<T...> operator co_await() && { return Operation<T...>(std::move(bodies_)); }

 private:
  std::tuple<task<T>...> bodies_;
};

template <template <class> class Operation, class T>
class [[nodiscard("it does nothing until it is awaited")]] range_bundle {
 public:
  explicit range_bundle(std::vector<task<T>>&& bodies) : bodies_(std::move(bodies)) {}
  Operation<T> operator co_await() && { return Operation<T>(std::move(bodies_)); }

 private:
  std::vector<task<T>> bodies_;
};

template <class Range>
concept range_of_awaitables =
    std::ranges::input_range<Range> &&
    requires(std::ranges::range_value_t<Range>& a) { as_task(std::move(a)); };

template <range_of_awaitables Range>
auto collect(Range&& range) {
  using body = decltype(as_task(std::declval<std::ranges::range_value_t<Range>>()));
  std::vector<body> bodies;
  if constexpr (std::ranges::sized_range<Range>) bodies.reserve(std::ranges::size(range));
  for (auto&& each : range) bodies.push_back(as_task(std::move(each)));
  return bodies;
}

}  // namespace detail

/// Runs all of them concurrently (in parallel if the task runs on a pool) and gives their values in
/// order, as an `all_values`: `auto [a, b] = co_await when_all(f(), g())`. Takes up to 6 tasks and
/// operations; for more, or a number known at run time, pass a range. Each gets a context of its
/// own in the awaiting frame; nothing is allocated.
///
/// The first that fails cancels the others; when all have ended, its exception is thrown (unlike
/// asyncio's gather, which leaves the siblings running: here they may use the caller's locals).
///
/// \par Cancellation
/// Cancels all of them and waits for their end. If all had a value by then, the values are given,
/// and the cancel stays pending.
template <class... Awaitable>
[[nodiscard]] auto when_all(Awaitable&&... awaitables) {
  static_assert(sizeof...(Awaitable) > 0 && sizeof...(Awaitable) <= 6,
                "when_all takes 1 to 6 awaitables; put more of them into a range");
  return detail::bundle<detail::when_all_operation, detail::child_value_t<Awaitable>...>(
      detail::as_child(std::forward<Awaitable>(awaitables))...);
}

/// The same for a range of tasks (moved from) of one type: a std::vector of the values, in order;
/// nothing for tasks without a value. An empty range gives an empty vector at once.
///
/// \par Cancellation
/// As above.
template <detail::range_of_awaitables Range>
[[nodiscard]] auto when_all(Range&& range) {
  using value = typename decltype(detail::collect(range))::value_type::value_type;
  return detail::range_bundle<detail::when_all_range_operation, value>(
      detail::collect(std::forward<Range>(range)));
}

/// Runs all of them concurrently, even if some fail, and gives an outcome for each (asyncio's
/// `return_exceptions=True`, Promise.allSettled).
///
/// \par Cancellation
/// Cancels all of them and waits for their end. If one of them ended early by that,
/// operation_cancelled is thrown and the outcomes are dropped; use `select` to get those that
/// completed all the same. Otherwise the outcomes are given, and the cancel stays pending.
template <class... Awaitable>
[[nodiscard]] auto when_all_settled(Awaitable&&... awaitables) {
  static_assert(sizeof...(Awaitable) > 0 && sizeof...(Awaitable) <= 6,
                "when_all_settled takes 1 to 6 awaitables; put more of them into a range");
  return detail::bundle<detail::settled_operation, detail::child_value_t<Awaitable>...>(
      detail::as_child(std::forward<Awaitable>(awaitables))...);
}

/// The same for a range: a vector of outcomes.
///
/// \par Cancellation
/// As above.
template <detail::range_of_awaitables Range>
[[nodiscard]] auto when_all_settled(Range&& range) {
  using value = typename decltype(detail::collect(range))::value_type::value_type;
  return detail::range_bundle<detail::settled_range_operation, value>(
      detail::collect(std::forward<Range>(range)));
}

}  // namespace lariat
