#pragma once

#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/cancel/detail/cancellation_state.hpp>
#include <lariat/sched/cancel/stop_token.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/scope/stop.hpp>
#include <lariat/sched/time/timer.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace lariat {

namespace detail {

/// The awaitable of a cancellation_token.
class [[nodiscard]] cancellation_wait : public starting_operation<cancellation_wait> {
 public:
  explicit cancellation_wait(std::shared_ptr<const cancellation_state> state) noexcept
      : state_(std::move(state)) {}
  cancellation_wait(const cancellation_wait&) = delete;  // Its step is known by address.

  std::string await_resume() const;
  void run() noexcept override;
  void cancel() noexcept override;
  [[nodiscard]] operation_info info() const noexcept override { return {"cancellation"}; }

 private:
  friend starting_operation;

  struct on_stop {
    cancellation_wait& self;
    void operator()() const noexcept;
  };

  bool start() noexcept;

  std::shared_ptr<const cancellation_state> state_;
  std::optional<stop_callback<on_stop>> callback_;
  bool requested_ = false;  // Written by the callback; read after `callback_` is destroyed.
  bool cancelled_ = false;
};

class cancellation_timer;

}  // namespace detail

class cancellation_source;

/// Tells whoever has it that a cancellation_source was cancelled, and why. It can be given wherever
/// a std::stop_token is taken, and awaited, also in `select`:
///
///     auto [received, stopped] = co_await select(lines.receive(), stop);
///
/// Copies are cheap. A token made by default is never cancelled.
///
/// \par Threads
/// Any thread; one object is used by one at a time, as a shared_ptr.
class cancellation_token {
 public:
  cancellation_token() = default;

  [[nodiscard]] bool cancelled() const noexcept { return state_ != nullptr && state_->cancelled(); }

  /// The reason that was given; empty if none was, or if it is not cancelled.
  [[nodiscard]] std::string reason() const {
    return cancelled() ? state_->reason() : std::string();
  }

  /// \throws operation_cancelled if it is cancelled, with the reason.
  void throw_if_cancelled() const {
    if (cancelled()) throw operation_cancelled(state_->reason());
  }

  /// The same as a stop token, which knows no reason.
  [[nodiscard]] operator stop_token() const noexcept {
    return state_ == nullptr ? stop_token() : state_->token();
  }

  /// A source that is cancelled with this token, for the same reason, and can be cancelled alone.
  [[nodiscard]] cancellation_source child() const;

  /// Waits until it is cancelled, and gives the reason.
  ///
  /// \par Cancellation
  /// Ends at once by operation_cancelled, unless the token was cancelled before.
  [[nodiscard]] detail::cancellation_wait operator co_await() const noexcept {
    return detail::cancellation_wait(state_);
  }

  /// Whether both are of one source, or of none.
  [[nodiscard]] friend bool operator==(const cancellation_token&,
                                       const cancellation_token&) noexcept = default;

 private:
  friend class cancellation_source;
  template <class Awaitable>
  friend auto with_stop_token(const cancellation_token& token, Awaitable&& awaitable);
  explicit cancellation_token(std::shared_ptr<const detail::cancellation_state> state) noexcept
      : state_(std::move(state)) {}

  std::shared_ptr<const detail::cancellation_state> state_;
};

/// Cancels whoever has its token (Go's context, .NET's CancellationTokenSource, Tokio's
/// CancellationToken): tasks by `with_stop_token(token, work())`, waits by `select(..., token)`,
/// functions by the token itself. Sources make a tree: one may be the child of another, or of
/// several, and have a time limit.
///
///     auto request = cancellation_source::any(server.token(), connection.token());
///     request.cancel_after(30s);
///     co_await with_stop_token(request.token(), answer());
///
/// A source that is destroyed is not cancelled by that, and its tokens are from then on with the
/// sources that it followed. Costs two allocations, and one for each
/// source that it follows.
///
/// \par Threads
/// Any thread may cancel it and take tokens; but for `cancel_after`.
class cancellation_source {
 public:
  cancellation_source();
  cancellation_source(cancellation_source&&) noexcept;
  cancellation_source& operator=(cancellation_source&&) noexcept;

  /// On the loop's thread, if it has a time limit that is not over: otherwise the program ends.
  ~cancellation_source();

  /// A source that is cancelled with the first of these tokens, cancellation_tokens or stop tokens,
  /// for the same reason, and can be cancelled alone. Tokens that are cancelled already count.
  template <class... Token>
    requires(sizeof...(Token) > 0 && (std::convertible_to<const Token&, stop_token> && ...))
  [[nodiscard]] static cancellation_source any(const Token&... tokens) {
    cancellation_source made;
    (made.follow(tokens), ...);
    return made;
  }

  /// A source that is cancelled when the time is up. See `cancel_after`.
  template <class Rep, class Period>
  [[nodiscard]] static cancellation_source after(std::chrono::duration<Rep, Period> delay,
                                                 std::string reason = "the time was up") {
    cancellation_source made;
    made.cancel_after(delay, std::move(reason));
    return made;
  }

  /// A source that is cancelled with this one, and can be cancelled alone.
  [[nodiscard]] cancellation_source child() const { return any(token()); }

  [[nodiscard]] cancellation_token token() const noexcept { return cancellation_token(state_); }
  [[nodiscard]] bool cancelled() const noexcept { return state_->cancelled(); }

  /// Cancels it, and its children. The first call counts: false if it was cancelled before.
  /// Functions that wait for the stop token run on this thread, tasks on their loops.
  bool cancel(std::string reason = {}) noexcept { return state_->cancel(std::move(reason)); }

  /// Cancels it when the time is up, unless it is destroyed before; again: instead of then. On a
  /// loop's thread, and then it must be destroyed on that thread, before the loop.
  /// \throws std::logic_error if no loop runs on this thread, or another one than the last time.
  template <class Rep, class Period>
  void cancel_after(std::chrono::duration<Rep, Period> delay,
                    std::string reason = "the time was up") {
    arm(detail::saturating_ns(delay), std::move(reason));
  }

 private:
  void follow(const cancellation_token& leader);
  void follow(const stop_token& leader);
  void arm(clock_ns delay, std::string reason);
  void disarm() noexcept;

  std::shared_ptr<detail::cancellation_state> state_;
  detail::cancellation_timer* timer_ = nullptr;
};

inline cancellation_source cancellation_token::child() const {
  return cancellation_source::any(*this);
}

/// As `with_stop_token` for stop tokens; the awaitable is cancelled with the source's reason.
///
/// \par Cancellation
/// As there.
template <class Awaitable>
[[nodiscard]] auto with_stop_token(const cancellation_token& token, Awaitable&& awaitable) {
  return detail::stoppable_bundle<detail::child_value_t<Awaitable>>(
      token, token.state_, detail::as_child(std::forward<Awaitable>(awaitable)));
}

}  // namespace lariat
