#pragma once

#include <lariat/sched/channel/detail/baton.hpp>
#include <lariat/sched/coroutine/detail/frame_pool.hpp>

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace lariat::detail {

/// \throws broken_oneshot.
[[noreturn]] void throw_broken_oneshot();

/// \throws std::logic_error, because the end was moved from, or used.
[[noreturn]] void throw_empty_oneshot();

/// The state that the two ends of a oneshot share; deleted with the last of them.
template <class T>
class oneshot_state {
  static_assert(alignof(T) <= alignof(std::max_align_t),
                "the pool of frames does not align so far: send a pointer");

 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* state, std::size_t size) noexcept {
    deallocate_frame(state, size);
  }

  void leave() noexcept {
    // Release and acquire: everything that the other end did happens before the deletion.
    if (ends_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  baton filled;            // Raised when the value is there, or can never come.
  baton abandoned;         // Raised when the receiver is gone.
  std::optional<T> value;  // Belongs to the sender until `filled` is raised, then to the receiver.

 private:
  ~oneshot_state() = default;
  std::atomic<int> ends_{2};
};

/// The awaitable of a receiver.
template <class T>
class [[nodiscard]] oneshot_receive final : public baton_wait {
 public:
  explicit oneshot_receive(oneshot_state<T>& state) noexcept
      : baton_wait(state.filled), state_(&state) {}

  T await_resume() {
    check_cancelled();
    if (!state_->value) throw_broken_oneshot();
    T value = std::move(*state_->value);
    state_->value.reset();
    return value;
  }
  [[nodiscard]] operation_info info() const noexcept override { return {"oneshot"}; }

 private:
  oneshot_state<T>* state_;
};

/// The awaitable of `oneshot_sender::closed`.
class [[nodiscard]] oneshot_closed final : public baton_wait {
 public:
  explicit oneshot_closed(baton& abandoned) noexcept : baton_wait(abandoned) {}
  void await_resume() const { check_cancelled(); }
  [[nodiscard]] operation_info info() const noexcept override { return {"oneshot_sender::closed"}; }
};

}  // namespace lariat::detail
