#pragma once

#include <lariat/sched/cancel/stop_token.hpp>
#include <lariat/sched/channel/detail/channel_operation.hpp>
#include <lariat/sched/channel/detail/channel_state.hpp>
#include <lariat/sched/channel/detail/channel_thread.hpp>
#include <lariat/sched/task/result.hpp>
#include <lariat/sched/time/timer.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace lariat {

/// Thrown by a send to a channel that was closed, or whose receivers are all gone; its code is
/// std::errc::broken_pipe.
class channel_closed : public std::system_error {
 public:
  channel_closed();
};

template <class T>
class channel_permit;

/// The awaitable of `channel_sender::send`.
template <class T>
class [[nodiscard]] send_operation final
    : public detail::channel_operation<T, detail::channel_way::in> {
 public:
  send_operation(detail::channel_state<T>& channel, T&& value) noexcept
      : detail::channel_operation<T, detail::channel_way::in>(channel, std::move(value)) {}

  void await_resume() {
    this->check_cancelled();
    if (this->told() == detail::channel_waiter::outcome::closed) [[unlikely]]
      throw channel_closed();
  }
  /// For `as_result`: std::errc::broken_pipe, operation_canceled, or nothing.
  result<void> await_result() noexcept { return {this->error()}; }
  [[nodiscard]] operation_info info() const noexcept override { return {"channel::send"}; }
};

/// The awaitable of `channel_sender::reserve`.
template <class T>
class [[nodiscard]] reserve_operation final
    : public detail::channel_operation<T, detail::channel_way::in> {
 public:
  explicit reserve_operation(detail::channel_state<T>& channel) noexcept
      : detail::channel_operation<T, detail::channel_way::in>(channel, std::nullopt) {}

  channel_permit<T> await_resume() {
    this->check_cancelled();
    if (this->told() == detail::channel_waiter::outcome::closed) [[unlikely]]
      throw channel_closed();
    return channel_permit<T>(this->channel());
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"channel::reserve"}; }
};

/// The awaitable of `channel_receiver::receive`.
template <class T>
class [[nodiscard]] receive_operation final
    : public detail::channel_operation<T, detail::channel_way::out> {
 public:
  explicit receive_operation(detail::channel_state<T>& channel) noexcept
      : detail::channel_operation<T, detail::channel_way::out>(channel, std::nullopt) {}

  std::optional<T> await_resume() {
    this->check_cancelled();
    return std::move(this->value());
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"channel::receive"}; }
};

/// Room for one value in a channel, held until it is used or dropped: a send with it never waits,
/// and fails only if the channel is closed. Movable.
template <class T>
class channel_permit {
 public:
  channel_permit(channel_permit&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)) {}
  channel_permit& operator=(channel_permit&& other) noexcept {
    channel_permit old(std::move(other));
    std::swap(channel_, old.channel_);
    return *this;
  }
  ~channel_permit() {
    if (channel_ == nullptr) return;
    channel_->give_back_room();
    channel_->drop_sender();
  }

  /// Sends `value`; once. False if the channel was closed; then the value is lost.
  /// \throws std::logic_error if the permit was used, or moved from.
  bool send(T value) {
    auto& channel = detail::require_channel(channel_, "channel_permit::send");
    channel_ = nullptr;
    const bool sent = channel.send_reserved(std::move(value));
    channel.drop_sender();
    return sent;
  }

 private:
  friend reserve_operation<T>;
  explicit channel_permit(detail::channel_state<T>& channel) noexcept : channel_(&channel) {
    channel.add_sender();
  }
  detail::channel_state<T>* channel_;
};

/// The end of a channel that values are put into. A copy is another sender; when the last is gone
/// the receivers get what is left, then nothing. It must outlive its operations.
///
/// \par Threads
/// Any thread, several at once on copies or on the same one.
template <class T>
class channel_sender {
 public:
  /// An end of no channel: for a member that is set later. Whatever uses it throws
  /// std::logic_error.
  channel_sender() noexcept = default;
  channel_sender(const channel_sender& other) noexcept : channel_(other.channel_) {
    if (channel_ != nullptr) channel_->add_sender();
  }
  channel_sender(channel_sender&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)) {}
  channel_sender& operator=(channel_sender other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~channel_sender() {
    if (channel_ != nullptr) channel_->drop_sender();
  }

  /// Lets go of the channel now: if this is the last sender, that ends it.
  void reset() noexcept { *this = channel_sender(); }

  /// Puts `value` into the channel; waits while it is full, first come, first served. For tasks.
  /// \throws channel_closed
  ///
  /// \par Cancellation
  /// The value is not sent, and is lost: to keep it, `reserve` first.
  [[nodiscard]] send_operation<T> send(T value) {
    return send_operation<T>(require("channel_sender::send"), std::move(value));
  }

  /// Waits for room in the same queue, and holds it: `(co_await tx.reserve()).send(value)`.
  /// \throws channel_closed
  ///
  /// \par Cancellation
  /// No room is held.
  [[nodiscard]] reserve_operation<T> reserve() {
    return reserve_operation<T>(require("channel_sender::reserve"));
  }

  /// Puts `value` into the channel if there is room. False if there is none, or the channel is
  /// closed; then `value` is unchanged.
  [[nodiscard]] bool try_send(T&& value) {
    auto& channel = require("channel_sender::try_send");
    detail::channel_trial<T> self(std::move(value));
    if (channel.send(self) == detail::channel_waiter::outcome::served) return true;
    value = *std::move(self.value());
    return false;
  }

  /// `send` for threads without a loop: blocks.
  /// \throws channel_closed, and std::logic_error on a thread that runs a loop.
  void send_blocking(T value) {
    (void)send_within("channel_sender::send_blocking", value,
                      [] { return detail::channel_patience(); });
  }

  /// The same until stop is requested on `stop`: then false, and `value` is unchanged. If there is
  /// room at once, it sends even after the request.
  [[nodiscard]] bool send_blocking(T&& value, stop_token stop) {
    return send_within("channel_sender::send_blocking", value, [&stop] {
      return detail::channel_patience{no_deadline, std::move(stop)};
    });
  }

  /// The same for `time` at most.
  template <class Rep, class Period>
  [[nodiscard]] bool send_blocking_for(T&& value, std::chrono::duration<Rep, Period> time) {
    return send_within("channel_sender::send_blocking_for", value,
                       [time] { return detail::channel_patience::of(time); });
  }

  /// Ends the channel for all: later sends fail, and receivers get what is left, then nothing.
  void close() { require("channel_sender::close").close(); }

  /// Whether it was closed, or all receivers are gone.
  [[nodiscard]] bool closed() const { return require("channel_sender::closed").closed(); }

  /// How many values are in it; others may change that meanwhile.
  [[nodiscard]] std::size_t size() const { return require("channel_sender::size").size(); }
  [[nodiscard]] std::size_t capacity() const {
    return require("channel_sender::capacity").capacity();
  }

 private:
  template <class U>
  friend auto channel(std::size_t capacity);
  explicit channel_sender(detail::channel_state<T>& channel) noexcept : channel_(&channel) {}
  // False if the patience ran out first; then the value is unchanged. `patience()` is called only
  // if there is no room, because mostly there is.
  template <class Patience>
  [[gnu::always_inline]] bool send_within(const char* operation, T& value, Patience patience) {
    using outcome = detail::channel_waiter::outcome;
    auto& channel = require(operation);
    detail::refuse_to_block_loop(operation);
    detail::channel_trial<T> self(std::move(value));
    outcome end = channel.send(self);
    if (end == outcome::waiting) [[unlikely]]
      end = detail::block_to_send(channel, self.value(), patience);
    if (end == outcome::served) [[likely]]
      return true;
    std::destroy_at(&value);  // Not assigned: a T need not be assignable.
    std::construct_at(&value, *std::move(self.value()));
    if (end == outcome::closed) throw channel_closed();
    return false;
  }
  detail::channel_state<T>& require(const char* operation) const {
    return detail::require_channel(channel_, operation);
  }
  detail::channel_state<T>* channel_ = nullptr;
};

/// The end of a channel that values come out of, each to one receiver. A copy is another receiver;
/// when the last is gone sends fail, and what was not received is destroyed. It must outlive its
/// operations.
///
/// \par Threads
/// As channel_sender.
template <class T>
class channel_receiver {
 public:
  /// An end of no channel: for a member that is set later. Whatever uses it throws
  /// std::logic_error.
  channel_receiver() noexcept = default;
  channel_receiver(const channel_receiver& other) noexcept : channel_(other.channel_) {
    if (channel_ != nullptr) channel_->add_receiver();
  }
  channel_receiver(channel_receiver&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)) {}
  channel_receiver& operator=(channel_receiver other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~channel_receiver() {
    if (channel_ != nullptr) channel_->drop_receiver();
  }

  /// Lets go of the channel now: if this is the last receiver, sends fail from here on.
  void reset() noexcept { *this = channel_receiver(); }

  /// The next value; waits while there is none, first come, first served. Nothing when the channel
  /// is closed and empty. For tasks.
  ///
  ///     for (;;) {
  ///       const std::optional<job> next = co_await rx.receive();
  ///       if (!next) break;  // In the loop's condition g++ 12 would make the frame too small.
  ///       ...
  ///     }
  ///
  /// \par Cancellation
  /// No value is taken. A value that was handed over before the cancel came is given, and the
  /// cancel stays pending.
  [[nodiscard]] receive_operation<T> receive() {
    return receive_operation<T>(require("channel_receiver::receive"));
  }

  /// The next value, if there is one now.
  [[nodiscard]] std::optional<T> try_receive() {
    detail::channel_trial<T> self(std::nullopt);
    const auto end = require("channel_receiver::try_receive").try_receive(self);
    if (end != detail::channel_waiter::outcome::served) return std::nullopt;
    return *std::move(self.value());
  }

  /// `receive` for threads without a loop: blocks.
  /// \throws std::logic_error on a thread that runs a loop.
  [[nodiscard]] std::optional<T> receive_blocking() {
    return receive_within("channel_receiver::receive_blocking",
                          [] { return detail::channel_patience(); });
  }

  /// The same until stop is requested on `stop`; then it gives nothing. If there is a value at
  /// once, it is taken even after the request.
  [[nodiscard]] std::optional<T> receive_blocking(stop_token stop) {
    return receive_within("channel_receiver::receive_blocking", [&stop] {
      return detail::channel_patience{no_deadline, std::move(stop)};
    });
  }

  /// The same for `time` at most; then it gives nothing.
  template <class Rep, class Period>
  [[nodiscard]] std::optional<T> receive_blocking_for(std::chrono::duration<Rep, Period> time) {
    return receive_within("channel_receiver::receive_blocking_for",
                          [time] { return detail::channel_patience::of(time); });
  }

  /// Ends the channel for all: later sends fail, and receivers get what is left, then nothing.
  void close() { require("channel_receiver::close").close(); }

  /// The same, and what is left is destroyed.
  void close_now() { require("channel_receiver::close_now").close_and_clear(); }

  /// Whether it was closed, or all senders are gone. There may be values in it all the same.
  [[nodiscard]] bool closed() const { return require("channel_receiver::closed").closed(); }

  /// How many values are in it; others may change that meanwhile.
  [[nodiscard]] std::size_t size() const { return require("channel_receiver::size").size(); }
  [[nodiscard]] std::size_t capacity() const {
    return require("channel_receiver::capacity").capacity();
  }

 private:
  template <class U>
  friend auto channel(std::size_t capacity);
  explicit channel_receiver(detail::channel_state<T>& channel) noexcept : channel_(&channel) {}
  template <class Patience>
  [[gnu::always_inline]] std::optional<T> receive_within(const char* operation, Patience patience) {
    auto& channel = require(operation);
    detail::refuse_to_block_loop(operation);
    detail::channel_trial<T> self(std::nullopt);
    const auto end = channel.try_receive(self);
    if (end == detail::channel_waiter::outcome::waiting) [[unlikely]]
      return detail::block_to_receive(channel, patience);
    return std::move(self.value());
  }
  detail::channel_state<T>& require(const char* operation) const {
    return detail::require_channel(channel_, operation);
  }
  detail::channel_state<T>* channel_ = nullptr;
};

/// The two ends of a new channel.
template <class T>
struct channel_ends {
  channel_sender<T> sender;
  channel_receiver<T> receiver;
};

/// Makes a channel: a queue of at most `capacity` values between tasks of any loops, tasks on pools
/// and plain threads, with any number of senders and receivers (Tokio's mpsc, with several
/// receivers). `auto [tx, rx] = channel<message>(64);`
///
/// A send and a receive that need not wait cost an atomic operation each. Memory for up to 64 KiB
/// of values is allocated at once. A channel of a larger capacity doubles its memory when that is
/// full, and keeps it; if there is no memory, it counts as full. T's moves must not throw.
///
/// \throws std::invalid_argument if `capacity` is zero.
template <class T>
[[nodiscard]] auto channel(std::size_t capacity) {
  auto* const made = new detail::channel_state<T>(capacity);
  return channel_ends<T>{channel_sender<T>(*made), channel_receiver<T>(*made)};
}

/// The same, bounded by memory alone, so that a send never waits (Tokio's unbounded_channel): for
/// senders that must not wait, when receivers are known to keep up. Values that are sent faster
/// pile up. `capacity` gives the greatest std::size_t.
template <class T>
[[nodiscard]] auto unbounded_channel() {
  return channel<T>(std::numeric_limits<std::size_t>::max());
}

}  // namespace lariat
