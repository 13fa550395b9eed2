#pragma once

#include <lariat/sched/loop/detail/promise.hpp>

#include <coroutine>

namespace lariat::detail {

/// What waits in place of a coroutine: to the compiler the frame of a suspended one, to us a
/// function that is called when it is resumed, and one for when it is destroyed instead. g++ and
/// clang begin every frame with the addresses of these two, then comes the promise; a handle's
/// `resume` is a call of the first. So whatever takes a handle takes this, and nothing is
/// allocated.
class stand_in {
 public:
  using function = void (*)(stand_in*) noexcept;

  stand_in(const stand_in&) = delete;
  stand_in& operator=(const stand_in&) = delete;

  [[nodiscard]] std::coroutine_handle<promise_base> handle() noexcept {
    return std::coroutine_handle<promise_base>::from_address(this);
  }

 protected:
  stand_in(function resumed, function destroyed) noexcept
      : resumed_(resumed), destroyed_(destroyed) {}
  ~stand_in() = default;

  /// Its promise: to operations, tasks and dumps what that of the coroutine is.
  class frame_promise final : public promise_base {
   public:
    using promise_base::stand_in_for;
    using promise_base::stand_in_on_loop_for;
  };
  [[nodiscard]] frame_promise& promise() noexcept { return promise_; }
  [[nodiscard]] const frame_promise& promise() const noexcept { return promise_; }

 private:
  [[maybe_unused]] function resumed_;
  [[maybe_unused]] function destroyed_;
  frame_promise promise_;
};

}  // namespace lariat::detail
