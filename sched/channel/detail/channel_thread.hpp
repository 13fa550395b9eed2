#pragma once

#include <lariat/sched/cancel/stop_token.hpp>
#include <lariat/sched/channel/detail/channel_state.hpp>
#include <lariat/sched/thread/clock.hpp>
#include <lariat/sched/time/timer.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace lariat::detail {

/// \throws std::logic_error if a loop runs on this thread, which `operation` would block.
void refuse_to_block_loop(const char* operation);

[[noreturn]] void throw_end_is_empty(const char* operation);

/// The channel of an end. \throws std::logic_error if the end was moved from: null.
template <class State>
State& require_channel(State* channel, const char* operation) {
  if (channel == nullptr) [[unlikely]]
    throw_end_is_empty(operation);
  return *channel;
}

/// The waiter of a call that tries once and does not wait.
template <class T>
class channel_trial final : public channel_waiter_of<T> {
 public:
  explicit channel_trial(std::optional<T>&& value) noexcept
      : channel_waiter_of<T>(std::move(value)) {}

 private:
  void deliver() noexcept override {}
};

/// When a blocking call gives up.
struct channel_patience {
  clock_ns deadline = no_deadline;
  stop_token stop = {};

  /// From now on.
  template <class Rep, class Period>
  [[nodiscard]] static channel_patience of(std::chrono::duration<Rep, Period> time) {
    return {deadline_after(monotonic_now(), saturating_ns(time)), {}};
  }
};

/// Where a blocking thread sleeps. Delivery and a stop request both wake it, and one may still be
/// on its way when the other has woken it, so each has a flag of its own.
class channel_parker {
 public:
  /// Sleeps until it is delivered. False if `patience` ran out first.
  [[nodiscard]] bool wait(const channel_patience& patience) noexcept {
    const stop_callback<waker> wake(patience.stop, waker{*this});
    return wait_until(patience.deadline);
  }
  void wait_delivered() noexcept;

  /// Any thread. The sleeper may destroy the parker as soon as it is delivered.
  void deliver() noexcept;

 private:
  struct waker {
    channel_parker& parker;
    void operator()() const noexcept { parker.stop(); }
  };
  [[nodiscard]] bool wait_until(clock_ns deadline) noexcept;
  void stop() noexcept;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool delivered_ = false;
  bool stopped_ = false;
};

/// A thread that blocks if it has to wait.
template <class T>
class channel_thread final : public channel_waiter_of<T> {
 public:
  explicit channel_thread(std::optional<T>&& value) noexcept
      : channel_waiter_of<T>(std::move(value)) {}

  /// Blocks until it is delivered. False if `patience` ran out first.
  [[nodiscard]] bool wait(const channel_patience& patience) noexcept {
    return parker_.wait(patience);
  }
  void wait_delivered() noexcept { parker_.wait_delivered(); }

 private:
  void deliver() noexcept override { parker_.deliver(); }
  channel_parker parker_;
};

/// Sends `value`, and blocks while there is no room. `cancelled` if the patience that `make`
/// returns ran out first; then the value is unchanged. Not inlined, because mostly there is room.
template <class T, class Make>
[[gnu::noinline]] channel_waiter::outcome block_to_send(channel_state<T>& channel,
                                                        std::optional<T>& value,
                                                        Make make) noexcept {
  const channel_patience patience = make();
  channel_thread<T> self(std::move(value));
  auto end = channel.send_or_wait(self, true);
  if (end == channel_waiter::outcome::waiting) {
    if (!self.wait(patience) && !channel.withdraw_sender(self)) self.wait_delivered();
    end = self.told();
  }
  value.reset();  // Not assigned: a T need not be assignable.
  if (end != channel_waiter::outcome::served && self.value())
    value.emplace(*std::move(self.value()));
  return end;
}

/// Receives a value, and blocks while there is none. Nothing if the channel is closed, or the
/// patience ran out first.
template <class T, class Make>
[[gnu::noinline]] std::optional<T> block_to_receive(channel_state<T>& channel, Make make) noexcept {
  const channel_patience patience = make();
  channel_thread<T> self(std::nullopt);
  if (channel.receive_or_wait(self, true) == channel_waiter::outcome::waiting &&
      !self.wait(patience) && !channel.withdraw_receiver(self)) {
    self.wait_delivered();  // A value is being handed over.
  }
  return std::move(self.value());
}

}  // namespace lariat::detail
