#pragma once

#include <lariat/sched/cancel/detail/cancellation_state.hpp>
#include <lariat/sched/cancel/stop_token.hpp>
#include <lariat/sched/loop/detail/one_child_operation.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/task/detail/child.hpp>
#include <lariat/sched/task/detail/children.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace lariat {

namespace detail {

/// The awaitable of `get_stop_token`. Does not suspend a task that runs on its loop. A task on a
/// pool goes to its loop for the token, because its context may be used only there.
class [[nodiscard]] stop_token_awaiter {
 public:
  using bound_to_loop = void;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    token_ = caller.promise().task_context()->stop_token();
    return false;
  }
  stop_token await_resume() noexcept { return std::move(token_); }

 private:
  stop_token token_;
};

/// The part of `with_stop_token` that does not depend on the value's type: it starts the child, and
/// cancels it when stop is requested, by whatever thread.
class stoppable_base : public starting_operation<stoppable_base, one_child_operation>,
                       public child_owner {
 public:
  [[nodiscard]] operation_info info() const noexcept final { return {"with_stop_token"}; }

 protected:
  /// \param source Knows the reason of a stop request; null if nobody does.
  stoppable_base(stop_token token, std::shared_ptr<const cancellation_state> source) noexcept
      : token_(std::move(token)), source_(std::move(source)) {}
  ~stoppable_base() = default;
  virtual context& start_child(const context& parent, std::source_location site) noexcept = 0;

 private:
  friend starting_operation;

  /// The step that brings the stop request to the loop's thread. It is posted at most once, because
  /// a stop callback runs at most once.
  class request final : public runnable {
   public:
    explicit request(stoppable_base& owner) noexcept : owner_(owner) {}
    void run() noexcept override { owner_.stop_arrived(); }

   private:
    stoppable_base& owner_;
  };
  struct on_stop {
    stoppable_base& owner;
    void operator()() const noexcept;
  };

  bool start();
  void stop_arrived() noexcept;
  void child_finished(context& child, const std::exception_ptr& error) noexcept final;

  stop_token token_;
  std::shared_ptr<const cancellation_state> source_;
  request request_{*this};
  std::optional<stop_callback<on_stop>> callback_;
  bool requested_ = false;  // Written by the callback; read after `callback_` is destroyed.
  bool arrived_ = false;
};

template <class T>
class [[nodiscard]] stoppable_operation final : public stoppable_base {
 public:
  stoppable_operation(stop_token token, std::shared_ptr<const cancellation_state> source,
                      task<T>&& body)
      : stoppable_base(std::move(token), std::move(source)), child_(std::move(body)) {}
  T await_resume() {
    rethrow_error();
    return child_.result().take();
  }

 private:
  context& start_child(const context& parent, std::source_location site) noexcept override {
    child_.start(*this, parent, site);
    return child_;
  }
  child<T> child_;
};

template <class T>
class [[nodiscard("it does nothing until it is awaited")]] stoppable_bundle {
 public:
  stoppable_bundle(stop_token token, std::shared_ptr<const cancellation_state> source,
                   task<T>&& body) noexcept
      : token_(std::move(token)), source_(std::move(source)), body_(std::move(body)) {}
  stoppable_operation<T> operator co_await() && {
    return stoppable_operation<T>(std::move(token_), std::move(source_), std::move(body_));
  }

 private:
  stop_token token_;
  std::shared_ptr<const cancellation_state> source_;
  task<T> body_;
};

}  // namespace detail

/// `stop_token token = co_await get_stop_token();` gives a token on which stop is requested when
/// this task is cancelled, for libraries that take one. It is a std::stop_token if the standard
/// library has that. If the task was cancelled before, stop is requested already, even if that
/// cancel has been delivered.
///
/// A cancel runs the token's callbacks on the loop's thread. The first call in a task allocates the
/// stop state. Only a task on a pool is suspended, because it has to go to its loop for the token.
[[nodiscard]] inline detail::stop_token_awaiter get_stop_token() noexcept { return {}; }

/// Awaits `awaitable`, a task or an operation, and cancels it when stop is requested on `token`,
/// by whatever thread. This await ends when the awaitable does: after a stop request by
/// operation_cancelled, unless the awaitable still gives a value or an error of its own. Costs a
/// context and a stop callback in the awaiting frame.
///
/// \par Cancellation
/// Cancels the awaitable and waits for its end. If it still gives a value or an error of its own,
/// that is delivered, and the cancel stays pending.
template <class Awaitable>
[[nodiscard]] auto with_stop_token(stop_token token, Awaitable&& awaitable) {
  return detail::stoppable_bundle<detail::child_value_t<Awaitable>>(
      std::move(token), nullptr, detail::as_child(std::forward<Awaitable>(awaitable)));
}

}  // namespace lariat
