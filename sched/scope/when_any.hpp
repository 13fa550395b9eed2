#pragma once

#include <lariat/sched/scope/when_all.hpp>

#include <cstddef>
#include <variant>

namespace lariat {

/// Which of several was first, and what it gave.
template <class Value>
struct any_value {
  std::size_t index;  ///< Its place among the arguments.
  Value value;        ///< For different types a std::variant, whose index is the same.
};

namespace detail {

[[noreturn]] void throw_when_any_of_none();

template <class... T>
class [[nodiscard]] when_any_operation : public child_tuple<T...> {
 public:
  using variant = std::variant<value_of<T>...>;

  explicit when_any_operation(std::tuple<task<T>...>&& bodies)
      : child_tuple<T...>(std::move(bodies)) {}

  any_value<variant> await_resume() {
    if (this->decider() == this->nobody) this->throw_cancelled();
    return take(std::index_sequence_for<T...>());
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"when_any"}; }

 private:
  template <std::size_t... Index>
  any_value<variant> take(std::index_sequence<Index...>) {
    using maker = any_value<variant> (*)(when_any_operation&);
    static constexpr maker makers[] = {[](when_any_operation& self) {
      auto& ended = std::get<Index>(self.children()).result();
      if (ended.has_error()) self.deliver_cancel(ended.error());
      return any_value<variant>{Index, variant(std::in_place_index<Index>, take_value(ended))};
    }...};
    return makers[this->decider()](*this);
  }
  bool decides(const std::exception_ptr&) const noexcept final { return true; }
  bool in_order() const noexcept override { return false; }
};

template <class T>
class [[nodiscard]] when_any_range_operation : public child_range<T> {
 public:
  explicit when_any_range_operation(std::vector<task<T>>&& bodies)
      : child_range<T>(std::move(bodies)) {
    if (this->count() == 0) throw_when_any_of_none();
  }

  any_value<value_of<T>> await_resume() {
    if (this->decider() == this->nobody) this->throw_cancelled();
    const std::size_t index = this->decider();
    slot<T>& ended = this->children()[index].result();
    if (ended.has_error()) this->deliver_cancel(ended.error());
    return {index, take_value(ended)};
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"when_any"}; }

 private:
  bool decides(const std::exception_ptr&) const noexcept final { return true; }
  bool in_order() const noexcept override { return false; }
};

template <class... T>
using ordered_when_any_operation = ordered<when_any_operation<T...>>;
template <class T>
using ordered_when_any_range_operation = ordered<when_any_range_operation<T>>;

}  // namespace detail

/// Runs all of them concurrently until the first ends, cancels the others, waits for them, and
/// gives the first one's place and value, or throws its exception. If others give values all the
/// same, these are dropped: use `select`, or a channel, for values that must not be lost.
///
/// Which starts first is random, as in `select`; `when_any_in_order` starts them as they are
/// written.
///
/// \par Cancellation
/// Cancels all of them and waits for their end. If the first had its value by then, the value is
/// given, and the cancel stays pending.
template <class... Awaitable>
[[nodiscard]] auto when_any(Awaitable&&... awaitables) {
  static_assert(sizeof...(Awaitable) > 0, "when_any needs at least one awaitable");
  return detail::bundle<detail::when_any_operation, detail::child_value_t<Awaitable>...>(
      detail::as_child(std::forward<Awaitable>(awaitables))...);
}

/// The same for a range of tasks of one type.
/// \throws std::invalid_argument, when awaited, if it is empty.
///
/// \par Cancellation
/// As above.
template <detail::range_of_awaitables Range>
[[nodiscard]] auto when_any(Range&& range) {
  using value = typename decltype(detail::collect(range))::value_type::value_type;
  return detail::range_bundle<detail::when_any_range_operation, value>(
      detail::collect(std::forward<Range>(range)));
}

/// As `when_any`, but the awaitables start in the order in which they are given, so of several that
/// are ready the first wins, each time.
template <class... Awaitable>
[[nodiscard]] auto when_any_in_order(Awaitable&&... awaitables) {
  static_assert(sizeof...(Awaitable) > 0, "when_any_in_order needs at least one awaitable");
  return detail::bundle<detail::ordered_when_any_operation, detail::child_value_t<Awaitable>...>(
      detail::as_child(std::forward<Awaitable>(awaitables))...);
}

/// The same for a range of tasks of one type.
template <detail::range_of_awaitables Range>
[[nodiscard]] auto when_any_in_order(Range&& range) {
  using value = typename decltype(detail::collect(range))::value_type::value_type;
  return detail::range_bundle<detail::ordered_when_any_range_operation, value>(
      detail::collect(std::forward<Range>(range)));
}

}  // namespace lariat
