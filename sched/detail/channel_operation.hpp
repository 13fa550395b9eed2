#pragma once

#include <lariat/sched/detail/channel_state.hpp>
#include <lariat/sched/operation.hpp>

#include <coroutine>
#include <optional>
#include <system_error>
#include <utility>

namespace lariat::detail {

/// What all awaitables of a channel have in common. `Derived` says what is attempted.
template <class Derived, class T>
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
    this->told_ = self().attempt();
    if (this->told_ == channel_waiter::outcome::waiting) return wait();
    // Now and then through the ready queue, so that who never has to wait starves nobody.
    if (!owner().spend_budget()) [[likely]]
      return false;
    suspend();
    complete();
    return true;
  }

  void cancel() noexcept override {
    if (self().withdraw()) complete();
  }

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
  Derived& self() noexcept { return static_cast<Derived&>(*this); }

  // Whoever serves it may do so at once, from another thread; the loop runs it later all the same.
  bool wait() noexcept {
    const channel_waiter::outcome made = self().attempt_or_wait();
    if (made != channel_waiter::outcome::waiting) {
      this->told_ = made;
      return false;
    }
    suspend();
    return true;
  }
  void deliver() noexcept override { owner().post(*this); }

  channel_state<T>* channel_;
};

}  // namespace lariat::detail
