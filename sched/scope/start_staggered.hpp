#pragma once

#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/scope/when_any.hpp>
#include <lariat/sched/task/detail/child.hpp>
#include <lariat/sched/task/detail/children.hpp>
#include <lariat/sched/task/exception_group.hpp>
#include <lariat/sched/time/timer.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

namespace lariat {

namespace detail {

/// The part of `start_staggered` that does not depend on the attempts' type.
class staggered_base : public starting_operation<staggered_base>, public child_owner {
 public:
  void cancel() noexcept final;
  [[nodiscard]] operation_info info() const noexcept final { return {"start_staggered"}; }
  woken_by depends_on(dependency_visitor& visit) const final;

 protected:
  /// \throws std::invalid_argument if `count` is zero.
  staggered_base(std::size_t count, clock_ns delay);
  ~staggered_base() = default;

  virtual void start_child(std::size_t index, const context& parent,
                           std::source_location site) noexcept = 0;
  [[nodiscard]] virtual context& child_at(std::size_t index) const noexcept = 0;

  /// The first that gave a value. Throws the group's error if none did.
  [[nodiscard]] std::size_t winner() const;

 private:
  friend starting_operation;

  class turn final : public runnable {
   public:
    explicit turn(staggered_base& owner) noexcept : owner_(owner) {}
    void run() noexcept override { owner_.time_is_up(); }

   private:
    staggered_base& owner_;
  };

  static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

  bool start() noexcept;
  void start_next() noexcept;
  void time_is_up() noexcept;
  void end_rest(std::string_view reason) noexcept;
  void child_finished(context& child, const std::exception_ptr& error) noexcept final;

  const std::size_t count_;
  const clock_ns delay_;
  std::size_t started_ = 0;
  std::size_t running_ = 0;
  std::size_t winner_ = nobody;
  std::vector<std::exception_ptr> errors_;
  turn turn_{*this};
  timer_entry timer_{turn_};
  bool refused_ = false;
  bool cancelled_ = false;
  bool cut_short_ = false;  // The awaiter's cancel ended an attempt, or kept one from starting.
};

template <class T>
class [[nodiscard]] staggered_operation final : public staggered_base {
 public:
  staggered_operation(std::vector<task<T>>&& attempts, clock_ns delay)
      : staggered_base(attempts.size(), delay) {
    for (task<T>& each : attempts) children_.emplace_back(std::move(each));
  }

  any_value<value_of<T>> await_resume() {
    const std::size_t index = winner();
    return {index, take_value(children_[index].result())};
  }

 private:
  void start_child(std::size_t index, const context& parent,
                   std::source_location site) noexcept override {
    children_[index].start(*this, parent, site);
  }
  [[nodiscard]] context& child_at(std::size_t index) const noexcept override {
    return const_cast<child<T>&>(children_[index]);
  }

  std::deque<child<T>> children_;  // A deque never moves its elements.
};

template <class T>
class [[nodiscard("it does nothing until it is awaited")]] staggered_bundle {
 public:
  staggered_bundle(std::vector<task<T>>&& attempts, clock_ns delay) noexcept
      : attempts_(std::move(attempts)), delay_(delay) {}
  staggered_operation<T> operator co_await() && {
    return staggered_operation<T>(std::move(attempts_), delay_);
  }

 private:
  std::vector<task<T>> attempts_;
  clock_ns delay_;
};

}  // namespace detail

/// Several attempts at one thing, of which each begins when the one before it has failed, or has
/// not ended within `delay`. The first that succeeds wins: its place and value are given, the
/// others are cancelled, and waited for. A hedged request, or the connects of "happy eyeballs" (RFC
/// 8305; Python's staggered_race):
///
///     auto [which, page] = co_await start_staggered(250ms, fetch(mirror), fetch(origin));
///
/// A task begins when it is awaited, so those that are not reached do nothing. A value that another
/// attempt gives all the same is dropped.
///
/// \throws exception_group if all have failed, with the failures in their order.
///
/// \par Cancellation
/// Cancels the attempts that run, waits for their end, and starts no other. If one had a value by
/// then, that is given, and the cancel stays pending.
template <class Rep, class Period, class First, class... Awaitable>
  requires(!detail::range_of_awaitables<First>)
[[nodiscard]] auto start_staggered(std::chrono::duration<Rep, Period> delay, First&& first,
                                   Awaitable&&... others) {
  using value = detail::child_value_t<First>;
  static_assert((std::is_same_v<value, detail::child_value_t<Awaitable>> && ...),
                "start_staggered takes attempts at one thing: their values are of one type");
  std::vector<task<value>> attempts;
  attempts.reserve(1 + sizeof...(others));
  attempts.push_back(detail::as_child(std::forward<First>(first)));
  (attempts.push_back(detail::as_child(std::forward<Awaitable>(others))), ...);
  return detail::staggered_bundle<value>(std::move(attempts), detail::saturating_ns(delay));
}

/// The same for a range of tasks.
/// \throws std::invalid_argument, when awaited, if it is empty.
///
/// \par Cancellation
/// As above.
template <class Rep, class Period, detail::range_of_awaitables Range>
[[nodiscard]] auto start_staggered(std::chrono::duration<Rep, Period> delay, Range&& range) {
  using value = typename decltype(detail::collect(range))::value_type::value_type;
  return detail::staggered_bundle<value>(detail::collect(std::forward<Range>(range)),
                                         detail::saturating_ns(delay));
}

}  // namespace lariat
