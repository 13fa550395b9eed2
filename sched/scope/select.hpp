#pragma once

#include <lariat/sched/scope/when_all.hpp>

#include <cstddef>
#include <exception>
#include <tuple>
#include <utility>
#include <vector>

namespace lariat {
namespace detail {

[[noreturn]] void throw_select_of_none();

template <class... T>
class [[nodiscard]] select_operation : public child_tuple<T...> {
 public:
  explicit select_operation(std::tuple<task<T>...>&& bodies)
      : child_tuple<T...>(std::move(bodies)) {}

  all_values<outcome<T>...> await_resume() {
    if (this->refused()) this->throw_cancelled();
    return std::apply(
        [this](child<T>&... each) {
          // If all were cancelled, the awaiter's cancel was the cause, and is delivered here.
          if ((is_cancelled(each.result()) && ...))
            (this->deliver_cancel(each.result().error()), ...);
          return all_values<outcome<T>...>{outcome<T>(each.result())...};
        },
        this->children());
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"select"}; }

 private:
  template <class U>
  static bool is_cancelled(const slot<U>& ended) noexcept {
    return ended.has_error() && detail::is_cancelled(ended.error());
  }
  bool decides(const std::exception_ptr&) const noexcept final { return true; }
  bool in_order() const noexcept override { return false; }
};

template <class T>
class [[nodiscard]] select_range_operation : public child_range<T> {
 public:
  explicit select_range_operation(std::vector<task<T>>&& bodies)
      : child_range<T>(std::move(bodies)) {
    if (this->count() == 0) throw_select_of_none();
  }

  std::vector<outcome<T>> await_resume() {
    if (this->refused()) this->throw_cancelled();
    std::vector<outcome<T>> ends;
    ends.reserve(this->count());
    bool any = false;
    for (child<T>& each : this->children()) {
      ends.emplace_back(each.result());
      any = any || !ends.back().cancelled();
    }
    if (!any) this->deliver_cancel(ends.front().error());
    return ends;
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"select"}; }

 private:
  bool decides(const std::exception_ptr&) const noexcept final { return true; }
  bool in_order() const noexcept override { return false; }
};

template <class... T>
using ordered_select_operation = ordered<select_operation<T...>>;
template <class T>
using ordered_select_range_operation = ordered<select_range_operation<T>>;

}  // namespace detail

/// Waits for the first of several things: runs all of them concurrently until one ends, cancels the
/// others, waits for them, and gives how each ended. At least one has a value or an error, and
/// those that were cancelled have had no effect. The value of one that completes at the same moment
/// is there too, so that nothing is lost (Tokio's select! drops it, Go's never starts it).
///
///     auto [received, late] = co_await select(lines.receive(), sleep_for(5s));
///     if (received.has_value()) {                     // Data first: both may have ended.
///       const std::optional<std::string> line = received.value();
///       if (!line) co_return;                         // A channel's end is a value as well.
///       use(*line);
///     }
///
/// Which starts first is random, so that of several that are ready each goes first equally often
/// (as in Go and Tokio); `select_in_order` starts them as they are written. In a simulation the
/// seed decides.
///
/// Takes tasks and any operation, up to 6, or a range. A child's exception is in its outcome:
/// `value()` throws it. An operation on something closed is always ready: `receive` of a closed
/// channel ends at once, each time, and a send to it by channel_closed. So in a loop leave out what
/// has ended.
///
/// \par Cancellation
/// Cancels all of them and waits for their end. If one had a value or an error by then, the
/// outcomes are given and the cancel stays pending.
template <class... Awaitable>
[[nodiscard]] auto select(Awaitable&&... awaitables) {
  static_assert(sizeof...(Awaitable) > 0 && sizeof...(Awaitable) <= 6,
                "select takes 1 to 6 awaitables; put more of them into a range");
  return detail::bundle<detail::select_operation, detail::child_value_t<Awaitable>...>(
      detail::as_child(std::forward<Awaitable>(awaitables))...);
}

/// The same for a range of tasks (moved from) of one type: a vector of outcomes, in order.
/// \throws std::invalid_argument, when awaited, if it is empty.
///
/// \par Cancellation
/// As above.
template <detail::range_of_awaitables Range>
[[nodiscard]] auto select(Range&& range) {
  using value = typename decltype(detail::collect(range))::value_type::value_type;
  return detail::range_bundle<detail::select_range_operation, value>(
      detail::collect(std::forward<Range>(range)));
}

/// As `select`, but the awaitables start in the order in which they are given, so of several that
/// are ready the first wins, each time: for a signal to stop that is to be heard before all else.
/// What stands behind one that is always ready is never taken.
template <class... Awaitable>
[[nodiscard]] auto select_in_order(Awaitable&&... awaitables) {
  static_assert(sizeof...(Awaitable) > 0 && sizeof...(Awaitable) <= 6,
                "select_in_order takes 1 to 6 awaitables; put more of them into a range");
  return detail::bundle<detail::ordered_select_operation, detail::child_value_t<Awaitable>...>(
      detail::as_child(std::forward<Awaitable>(awaitables))...);
}

/// The same for a range of tasks.
template <detail::range_of_awaitables Range>
[[nodiscard]] auto select_in_order(Range&& range) {
  using value = typename decltype(detail::collect(range))::value_type::value_type;
  return detail::range_bundle<detail::ordered_select_range_operation, value>(
      detail::collect(std::forward<Range>(range)));
}

}  // namespace lariat
