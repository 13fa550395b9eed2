#pragma once

#include <lariat/sched/detail/channel_state.hpp>
#include <lariat/sched/detail/parker.hpp>

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

/// Who tries, and does not wait.
template <class T>
class channel_trial final : public channel_waiter_of<T> {
 public:
  explicit channel_trial(std::optional<T>&& value) noexcept
      : channel_waiter_of<T>(std::move(value)) {}

 private:
  void deliver() noexcept override {}
};

/// A thread that blocks if it has to wait.
template <class T>
class channel_thread final : public channel_waiter_of<T> {
 public:
  explicit channel_thread(std::optional<T>&& value) noexcept
      : channel_waiter_of<T>(std::move(value)) {}

  /// Blocks until it is delivered. False if the deadline came first.
  [[nodiscard]] bool wait_until(clock_ns deadline) noexcept { return bed_.park(deadline); }

 private:
  void deliver() noexcept override { bed_.wake(); }
  parker bed_;
};

/// Sends `value`, and blocks while there is no room. Not in line: mostly there is.
template <class T>
[[gnu::noinline]] channel_waiter::outcome block_to_send(channel_state<T>& channel,
                                                        std::optional<T>&& value) noexcept {
  channel_thread<T> self(std::move(value));
  const auto end = channel.send_or_wait(self, true);
  if (end != channel_waiter::outcome::waiting) return end;
  (void)self.wait_until(no_deadline);
  return self.told();
}

/// Receives a value, and blocks while there is none, until `deadline`. Nothing if the channel is
/// closed, or the deadline came first.
template <class T>
[[gnu::noinline]] std::optional<T> block_to_receive(channel_state<T>& channel,
                                                    clock_ns deadline) noexcept {
  channel_thread<T> self(std::nullopt);
  if (channel.receive_or_wait(self, true) == channel_waiter::outcome::waiting &&
      !self.wait_until(deadline) && !channel.withdraw_receiver(self)) {
    (void)self.wait_until(no_deadline);  // A value is being handed over.
  }
  return std::move(self.value());
}

}  // namespace lariat::detail
