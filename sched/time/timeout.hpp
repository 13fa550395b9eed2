#pragma once

#include <lariat/sched/loop/detail/one_child_operation.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/task/detail/child.hpp>
#include <lariat/sched/task/detail/children.hpp>
#include <lariat/sched/time/timer.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace lariat {

/// Thrown when the time of `timeout` or `with_deadline` was up; its code is std::errc::timed_out.
/// Its text tells which time limit it was, and what the task was waiting in: "timeout: the time was
/// up (2 s, set at server.cpp:41) in read(fd 7) at request.cpp:12".
class timeout_error : public std::system_error {
 public:
  timeout_error();

  /// \param set_at Where the limit was set.
  /// \param limit What what() says after "the time was up".
  timeout_error(std::source_location set_at, std::string_view limit);

  /// Where `timeout` or `with_deadline` was awaited. Empty if it was not by a lariat task.
  [[nodiscard]] std::source_location set_at() const noexcept { return set_at_; }
  [[nodiscard]] const char* what() const noexcept override;

 private:
  std::source_location set_at_;
  std::shared_ptr<const std::string> text_;  // Exceptions are copied.
};

/// The time by which the body of `with_deadline` has to end, for the body to read and to change. It
/// lives in the awaiting frame until that await has ended.
///
/// \par Threads
/// It is changed on the loop's thread only. A body that runs on a pool, because its awaiter does,
/// may only read it.
class deadline {
 public:
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;

  /// When the body will be cancelled.
  [[nodiscard]] steady_time when() const noexcept {
    return steady_time(std::chrono::nanoseconds(when_ns()));
  }

  /// Whether the body was cancelled because the time was up.
  [[nodiscard]] bool expired() const noexcept { return expired_; }

  /// Puts the deadline off by `more`; a negative `more` brings it forward. Does nothing after the
  /// time was up.
  /// \throws std::logic_error on another thread than the loop's.
  template <class Rep, class Period>
  void extend(std::chrono::duration<Rep, Period> more) {
    if (more > more.zero())
      return move_to(detail::deadline_after(when_ns(), detail::saturating_ns(more)));
    const std::chrono::duration<long double, Period> less(-static_cast<long double>(more.count()));
    move_to(when_ns() - detail::saturating_ns(less));
  }

  /// Sets a new deadline. Does nothing after the time was up.
  /// \throws std::logic_error on another thread than the loop's.
  void reschedule(steady_time when) { move_to(detail::to_clock(when)); }

 protected:
  explicit deadline(runnable& expiry) noexcept : timer_(expiry) {}
  ~deadline() = default;

  void arm(loop& owner, clock_ns when) noexcept;
  void disarm() noexcept;
  void mark_expired() noexcept { expired_ = true; }
  [[nodiscard]] bool moved() const noexcept { return moved_; }
  [[nodiscard]] clock_ns when_ns() const noexcept {
    return when_.load(std::memory_order_relaxed);  // A number, which orders nothing.
  }

 private:
  void move_to(clock_ns when);

  loop* owner_ = nullptr;
  detail::timer_entry timer_;
  std::atomic<clock_ns> when_ = 0;  // Threads that work for the body may read it.
  bool expired_ = false;
  bool moved_ = false;
};

namespace detail {

/// The part of `timeout` and its variants that does not depend on the value's type: it starts the
/// child, and the timer that cancels it.
class timeout_base : public starting_operation<timeout_base, one_child_operation>,
                     public child_owner,
                     public deadline {
 public:
  [[nodiscard]] operation_info info() const noexcept final { return {"timeout"}; }
  [[nodiscard]] clock_ns deadline_of_children() const noexcept final { return when_ns(); }
  woken_by depends_on(dependency_visitor& visit) const final;

 protected:
  timeout_base(clock_ns time, sleep_operation::kind kind) noexcept
      : deadline(expiry_), time_(time), kind_(kind) {}
  ~timeout_base() = default;

  virtual context& start_child(const context& parent, std::source_location site) = 0;

  /// Returns only if the child has a value. Throws timeout_error if the timer's cancel ended the
  /// child, operation_cancelled if a cancel of the awaiting task ended it or kept it from being
  /// started, and otherwise the exception by which the child ended.
  void rethrow_error() const;

  /// Whether the child ended by the timer's cancel.
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

  /// What the child waited in when the time was up.
  struct wait {
    operation_info in;
    std::source_location at;
  };

  bool start();
  void expire() noexcept;
  [[nodiscard]] std::string limit_text() const;
  void child_finished(context& child, const std::exception_ptr& error) noexcept final;

  expiry expiry_{*this};
  std::unique_ptr<const wait> ended_in_;
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

/// Calls the body only when it is awaited, because the body takes the deadline, which is a base of
/// this object, by reference.
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

/// What `timeout`, `timeout_at` and `try_timeout` return. It can be moved until it is awaited; the
/// operation cannot, because its timer and its child hold its address.
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

/// Awaits `awaitable`, a task or an operation, for at most `limit`: then cancels it, waits for its
/// end and throws. If it still gives a value or an error of its own, that is delivered. With a
/// limit of zero the task still runs to its first suspension. Costs a context and a timer in the
/// awaiting frame; an operation gets a coroutine of its own as well.
///
/// \throws timeout_error if the time was up and the awaitable ended by the cancel.
///
/// \par Cancellation
/// Cancels the awaitable and waits for its end. If it still gives a value or an error of its own,
/// that is delivered, and the cancel stays pending.
template <class Rep, class Period, class Awaitable>
[[nodiscard]] auto timeout(std::chrono::duration<Rep, Period> limit, Awaitable&& awaitable) {
  return detail::make_timed<detail::timeout_operation>(std::forward<Awaitable>(awaitable),
                                                       detail::saturating_ns(limit),
                                                       sleep_operation::kind::delay);
}

/// As `timeout`, but with a point in time instead of a duration.
///
/// \par Cancellation
/// As for `timeout`.
template <class Awaitable>
[[nodiscard]] auto timeout_at(steady_time when, Awaitable&& awaitable) {
  return detail::make_timed<detail::timeout_operation>(
      std::forward<Awaitable>(awaitable), detail::to_clock(when), sleep_operation::kind::deadline);
}

/// As `timeout`, but gives a std::optional, which is empty where `timeout` throws timeout_error.
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
/// task<> { ...; d.extend(2s); ... })`. `body` is called when this is awaited, and kept until its
/// task has ended, so the task may use its captures.
///
/// \throws timeout_error as `timeout` does, and what calling `body` throws.
///
/// \par Cancellation
/// As for `timeout`.
template <class Rep, class Period, class Body>
  requires detail::gives_task<Body&, deadline&>
[[nodiscard]] detail::deadline_bundle<Body> with_deadline(std::chrono::duration<Rep, Period> limit,
                                                          Body body) {
  return {std::move(body), detail::saturating_ns(limit), sleep_operation::kind::delay};
}

/// Chosen for bodies that the other form does not accept; its static_assert says what is wrong.
template <class Rep, class Period, class Body>
  requires(!detail::gives_task<Body&, deadline&>)
auto with_deadline(std::chrono::duration<Rep, Period>, Body&&) {
  static_assert(detail::never<Body>,
                "with_deadline takes a function of the deadline that gives a task: "
                "with_deadline(5s, [&](deadline& end) -> task<> { ... })");
  return std::suspend_never();
}

}  // namespace lariat
