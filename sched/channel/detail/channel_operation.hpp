#pragma once

#include <lariat/sched/channel/detail/channel_state.hpp>
#include <lariat/sched/loop/operation.hpp>

#include <coroutine>
#include <optional>
#include <system_error>
#include <utility>

namespace lariat::detail {

/// Which end of a channel is used.
enum class channel_way : unsigned char { in, out };

/// The base of a channel's awaitables, for sending or for receiving.
template <class T, channel_way way>
class channel_operation : public operation, public channel_waiter_of<T> {
 public:
  bool await_ready() const noexcept { return false; }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    prepare(caller);
    if (must_cancel()) [[unlikely]] {
      this->told_ = channel_waiter::outcome::cancelled;
      return false;
    }
    const channel_waiter::outcome made = attempt();
    if (made == channel_waiter::outcome::waiting) {
      // Another thread may serve it right now, but this loop runs it only after this has returned.
      suspend();
      return true;
    }
    this->told_ = made;
    // Now and then through the ready queue, so that a task that never has to wait does not starve
    // the others.
    if (!owner().spend_budget()) [[likely]]
      return false;
    suspend();
    complete();
    return true;
  }

  void cancel() noexcept override {
    const bool withdrawn = way == channel_way::in ? channel_->withdraw_sender(*this)
                                                  : channel_->withdraw_receiver(*this);
    if (withdrawn) complete();
  }
  woken_by depends_on(dependency_visitor&) const final { return woken_by::somebody; }

 protected:
  channel_operation(channel_state<T>& channel, std::optional<T>&& value) noexcept
      : channel_waiter_of<T>(std::move(value)), channel_(&channel) {}
  channel_operation(channel_operation&& other) noexcept
      : operation(other),
        channel_waiter_of<T>(std::move(other.value())),
        channel_(other.channel_) {}
  ~channel_operation() = default;

  void check_cancelled() const {
    if (this->told() == channel_waiter::outcome::cancelled) [[unlikely]]
      throw_cancelled();
  }
  [[nodiscard]] std::error_code error() noexcept {
    switch (this->told()) {
      case channel_waiter::outcome::closed:
        return std::make_error_code(std::errc::broken_pipe);
      case channel_waiter::outcome::cancelled:
        return take_cancelled();
      default:
        return {};
    }
  }
  [[nodiscard]] channel_state<T>& channel() const noexcept { return *channel_; }

 private:
  channel_waiter::outcome attempt() noexcept {
    const auto made = way == channel_way::in ? channel_->send(*this) : channel_->receive(*this);
    if (made != channel_waiter::outcome::waiting) [[likely]]
      return made;
    return wait();
  }

  [[gnu::noinline]] channel_waiter::outcome wait() noexcept {
    const bool spin = !owner().has_ready();  // Only if the loop would go to sleep.
    return way == channel_way::in ? channel_->send_or_wait(*this, spin)
                                  : channel_->receive_or_wait(*this, spin);
  }

  void deliver() noexcept override { owner().post(*this); }
  [[nodiscard]] const operation* waiting_in() const noexcept override { return this; }

  channel_state<T>* channel_;
};

}  // namespace lariat::detail
