#pragma once

#include <lariat/sched/loop/detail/promise.hpp>

#include <coroutine>

namespace lariat::detail {

/// An object that waits in place of a coroutine. It is laid out like the frame of a suspended
/// coroutine: g++ and clang begin every frame with the addresses of two functions, one that a
/// handle's `resume` calls and one that `destroy` calls, and then comes the promise. So a handle to
/// it can be passed wherever a coroutine's can, and no frame is allocated.
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

  /// Its promise, which operations, tasks and dumps take for that of the coroutine.
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
