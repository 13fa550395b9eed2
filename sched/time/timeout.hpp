#pragma once

#include <lariat/sched/loop/detail/one_child_operation.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/task/detail/child.hpp>
#include <lariat/sched/task/detail/children.hpp>
#include <lariat/sched/time/timer.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <system_error>
#include <utility>

namespace lariat {

/// Thrown when the time of `timeout` or `with_deadline` was up; its code is std::errc::timed_out.
class timeout_error : public std::system_error {
 public:
  timeout_error();
  [[nodiscard]] const char* what() const noexcept override;
};

/// The time by which the body of `with_deadline` has to end. Moves; on the loop's thread only.
class deadline {
 public:
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;

  /// When the body will be cancelled.
  [[nodiscard]] steady_time when() const noexcept {
    return steady_time(std::chrono::nanoseconds(when_));
  }

  /// Whether the time was up.
  [[nodiscard]] bool expired() const noexcept { return expired_; }

  /// Puts the deadline off by `more` (negative: brings it forward). Nothing after it has expired.
  template <class Rep, class Period>
  void extend(std::chrono::duration<Rep, Period> more) noexcept {
    if (more > more.zero())
      return move_to(detail::deadline_after(when_, detail::saturating_ns(more)));
    const std::chrono::duration<long double, Period> less(-static_cast<long double>(more.count()));
    move_to(when_ - detail::saturating_ns(less));
  }

  /// Sets a new deadline. Nothing after it has expired.
  void reschedule(steady_time when) noexcept { move_to(detail::to_clock(when)); }

 protected:
  explicit deadline(runnable& expiry) noexcept : timer_(expiry) {}
  ~deadline() = default;

  void arm(loop& owner, clock_ns when) noexcept;
  void disarm() noexcept;
  void mark_expired() noexcept { expired_ = true; }

 private:
  void move_to(clock_ns when) noexcept;

  loop* owner_ = nullptr;
  detail::timer_entry timer_;
  clock_ns when_ = 0;
  bool expired_ = false;
};

namespace detail {

/// A child and a timer that cancels it; the part that does not depend on the child's type.
class timeout_base : public starting_operation<timeout_base, one_child_operation>,
                     public child_owner,
                     public deadline {
 public:
  [[nodiscard]] operation_info info() const noexcept final { return {"timeout"}; }
  woken_by depends_on(dependency_visitor& visit) const final;

 protected:
  timeout_base(clock_ns time, sleep_operation::kind kind) noexcept
      : deadline(expiry_), time_(time), kind_(kind) {}
  ~timeout_base() = default;

  virtual context& start_child(const context& parent, std::source_location site) = 0;

  /// Throws what the child came to, if that is no value: timeout_error if it was cancelled because
  /// the time was up, operation_cancelled if because we were.
  void rethrow_error() const;

  /// Whether the child was cancelled because the time was up.
  [[nodiscard]] bool timed_out() const noexcept;

 private:
  friend starting_operation;

  class expiry final : public runnable {
   public:
    explicit expiry(timeout_base& owner) noexcept : owner_(owner) {}
    void run() noexcept override { owner_.expire(); }

   private:
    timeout_base& owner_;
  };

  bool start();
  void expire() noexcept;
  void child_finished(context& child, const std::exception_ptr& error) noexcept final;

  expiry expiry_{*this};
  clock_ns time_;
  sleep_operation::kind kind_;
};

template <class T>
class [[nodiscard]] timeout_operation : public timeout_base {
 public:
  timeout_operation(task<T>&& body, clock_ns time, sleep_operation::kind kind)
      : timeout_base(time, kind), child_(std::move(body)) {}

  T await_resume() {
    rethrow_error();
    return child_.result().take();
  }

 protected:
  child<T>& body() noexcept { return child_; }

 private:
  context& start_child(const context& parent, std::source_location site) override {
    child_.start(*this, parent, site);
    return child_;
  }
  child<T> child_;
};

template <class T>
class [[nodiscard]] try_timeout_operation final : public timeout_operation<T> {
 public:
  using timeout_operation<T>::timeout_operation;

  std::optional<value_of<T>> await_resume() {
    if (this->timed_out()) return std::nullopt;
    this->rethrow_error();
    return take_value(this->body().result());
  }
};

/// Makes the body when it is awaited, for it takes the deadline by reference.
template <class T, class Body>
class [[nodiscard]] deadline_operation final : public timeout_base {
 public:
  deadline_operation(Body&& body, clock_ns time, sleep_operation::kind kind)
      : timeout_base(time, kind), body_(std::move(body)) {}

  T await_resume() {
    rethrow_error();
    return child_->result().take();
  }

 private:
  context& start_child(const context& parent, std::source_location site) override {
    child_.emplace(body_(static_cast<deadline&>(*this)));
    child_->start(*this, parent, site);
    return *child_;
  }
  Body body_;
  std::optional<child<T>> child_;
};

/// What is handed to `co_await`: movable until then.
template <template <class> class Operation, class T>
class [[nodiscard("it does nothing until it is awaited")]] timed_bundle {
 public:
  timed_bundle(task<T>&& body, clock_ns time, sleep_operation::kind kind) noexcept
      : body_(std::move(body)), time_(time), kind_(kind) {}
  Operation<T> operator co_await() && { return Operation<T>(std::move(body_), time_, kind_); }

 private:
  task<T> body_;
  clock_ns time_;
  sleep_operation::kind kind_;
};

template <class Body>
class [[nodiscard("it does nothing until it is awaited")]] deadline_bundle {
 public:
  using value = typename std::invoke_result_t<Body&, deadline&>::value_type;

  deadline_bundle(Body&& body, clock_ns time, sleep_operation::kind kind)
      : body_(std::move(body)), time_(time), kind_(kind) {}
  deadline_operation<value, Body> operator co_await() && {
    return deadline_operation<value, Body>(std::move(body_), time_, kind_);
  }

 private:
  Body body_;
  clock_ns time_;
  sleep_operation::kind kind_;
};

template <template <class> class Operation, class Awaitable>
auto make_timed(Awaitable&& awaitable, clock_ns time, sleep_operation::kind kind) {
  return timed_bundle<Operation, child_value_t<Awaitable>>(
      as_child(std::forward<Awaitable>(awaitable)), time, kind);
}

}  // namespace detail

/// Awaits `awaitable`, a task or an operation, but cancels it when `limit` is over, waits for its
/// end and throws. A value that arrived wins over the deadline; with a limit of zero the task still
/// runs to its first suspension. One context and one timer in the awaiting frame.
///
/// \throws timeout_error when the time was up and the cancel took effect.
///
/// \par Cancellation
/// Passed on to the awaitable, and waited for.
template <class Rep, class Period, class Awaitable>
[[nodiscard]] auto timeout(std::chrono::duration<Rep, Period> limit, Awaitable&& awaitable) {
  return detail::make_timed<detail::timeout_operation>(std::forward<Awaitable>(awaitable),
                                                       detail::saturating_ns(limit),
                                                       sleep_operation::kind::delay);
}

/// The same with a point in time.
///
/// \par Cancellation
/// As for `timeout`.
template <class Awaitable>
[[nodiscard]] auto timeout_at(steady_time when, Awaitable&& awaitable) {
  return detail::make_timed<detail::timeout_operation>(
      std::forward<Awaitable>(awaitable), detail::to_clock(when), sleep_operation::kind::deadline);
}

/// As `timeout`, but gives an empty std::optional when the time was up.
///
/// \par Cancellation
/// As for `timeout`.
template <class Rep, class Period, class Awaitable>
[[nodiscard]] auto try_timeout(std::chrono::duration<Rep, Period> limit, Awaitable&& awaitable) {
  return detail::make_timed<detail::try_timeout_operation>(std::forward<Awaitable>(awaitable),
                                                           detail::saturating_ns(limit),
                                                           sleep_operation::kind::delay);
}

/// As `timeout`, for a body that may move its deadline: `with_deadline(5s, [&](deadline& d) ->
/// task<> { ...; d.extend(2s); ... })`. The body is kept until the task has ended.
///
/// \throws timeout_error
///
/// \par Cancellation
/// As for `timeout`.
template <class Rep, class Period, class Body>
  requires detail::gives_task<Body&, deadline&>
[[nodiscard]] detail::deadline_bundle<Body> with_deadline(std::chrono::duration<Rep, Period> limit,
                                                          Body body) {
  return {std::move(body), detail::saturating_ns(limit), sleep_operation::kind::delay};
}

/// Takes what the other form does not, and says what is wrong with it.
template <class Rep, class Period, class Body>
  requires(!detail::gives_task<Body&, deadline&>)
auto with_deadline(std::chrono::duration<Rep, Period>, Body&&) {
  static_assert(detail::never<Body>,
                "with_deadline takes a function of the deadline that gives a task: "
                "with_deadline(5s, [&](deadline& end) -> task<> { ... })");
  return std::suspend_never();
}

}  // namespace lariat
