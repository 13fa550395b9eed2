#pragma once

#include <lariat/sched/coroutine/detail/frame_pool.hpp>
#include <lariat/sched/loop/detail/loop_awaiter.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <source_location>

namespace lariat {
class context;
}  // namespace lariat

namespace lariat::detail {

/// \throws std::logic_error
[[noreturn]] void throw_task_awaited_twice();

/// What coroutines of every result type share: whom to go back to, on whose behalf the coroutine
/// runs, and where it stands.
class promise_base {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept {
    deallocate_frame(frame, size);
  }

  promise_base() = default;
  promise_base(const promise_base&) = delete;
  promise_base& operator=(const promise_base&) = delete;

  std::suspend_always initial_suspend() const noexcept { return {}; }

  /// Goes back to the awaiter by symmetric transfer: chains of any length need no stack.
  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      return self.promise().continuation_;
    }
    void await_resume() const noexcept {}
  };
  final_awaiter final_suspend() const noexcept { return {}; }

  /// Notes where the coroutine stands: one store for each await, so it is always on. By reference:
  /// g++ 12 keeps parameters of this function in the frame.
  template <class Awaitable>
  decltype(auto) await_transform(
      Awaitable&& awaitable, const std::source_location& where = std::source_location::current()) {
    site_ = where;
    return awaiter_for(static_cast<Awaitable&&>(awaitable), on_pool());
  }

  /// Where the coroutine awaits now, or awaited last.
  [[nodiscard]] std::source_location site() const noexcept { return site_; }

  /// On whose behalf the coroutine runs; null before it is started.
  [[nodiscard]] context* task_context() const noexcept {
    return reinterpret_cast<context*>(context_ & ~(by_no_task | pool_bit));
  }

  /// Whether the coroutine runs on a pool. It never changes.
  [[nodiscard]] bool on_pool() const noexcept { return (context_ & pool_bit) != 0; }

  /// The task that awaits this one; null at the root, or if it is no lariat task.
  [[nodiscard]] const promise_base* awaiter() const noexcept;

  /// Called before the first run, by whatever starts the coroutine.
  /// \throws std::logic_error if it was started before, or its closure is gone.
  template <class Promise>
  void start_for(std::coroutine_handle<Promise> awaiter) {
    if (continuation_ != nullptr) [[unlikely]]
      check_start();
    if constexpr (std::derived_from<Promise, promise_base>) {
      context_ = awaiter.promise().context_ & ~by_no_task;
    } else {
      start_for_foreign();
    }
    continuation_ = awaiter;
  }

  /// The same for the first coroutine of a context; `back` gets control when it has finished.
  void start_root(context& context, std::coroutine_handle<> back) {
    if (continuation_ != nullptr) [[unlikely]]
      check_start();
    set_root(context);
    continuation_ = back;
  }

  /// The same for one that runs on a pool, and all that it awaits.
  void start_root_on_pool(context& context, std::coroutine_handle<> back) {
    start_root(context, back);
    context_ |= pool_bit;
  }

  /// Whether it has yet to start and was made by calling a lambda with captures, whose closure may
  /// die before it runs.
  [[nodiscard]] bool made_by_closure() const noexcept {
    return continuation_ != nullptr && context_ == 0;
  }

 protected:
  /// Becomes to operations, tasks and dumps what `other` is.
  void stand_in_for(const promise_base& other) noexcept {
    context_ = other.context_;
    continuation_ = other.continuation_;
    site_ = other.site_;
  }
  /// The same, but running on a loop.
  void stand_in_on_loop_for(const promise_base& other) noexcept {
    stand_in_for(other);
    context_ &= ~pool_bit;
  }

  /// Notes the closure's address (null: not known). Until the start it takes the continuation's
  /// place, so that an await has one thing to look at.
  void set_closure(const void* closure) noexcept {
    continuation_ = std::coroutine_handle<>::from_address(
        const_cast<void*>(closure == nullptr ? this : closure));
  }

  /// A generator is started once for each value.
  void allow_restart() noexcept { continuation_ = nullptr; }

 private:
  void start_for_foreign();
  void check_start() const;
  void set_root(context& context) noexcept {
    context_ = reinterpret_cast<std::uintptr_t>(&context) | by_no_task;
  }

  // In the lowest bit of the context's address: whoever awaits this one is no lariat task. A word
  // for each frame would be much for it.
  static constexpr std::uintptr_t by_no_task = 1;
  // The next one: the coroutine runs on a pool.
  static constexpr std::uintptr_t pool_bit = 2;

  std::uintptr_t context_ = 0;
  std::coroutine_handle<> continuation_;
  std::source_location site_;
};

}  // namespace lariat::detail
