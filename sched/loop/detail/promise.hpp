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

/// The part of a promise that does not depend on the result's type: the awaiter to go back to, the
/// task on whose behalf the coroutine runs, and the place of its current await.
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

  /// Resumes the awaiter by symmetric transfer, so that a chain of any length needs no stack.
  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      return self.promise().continuation_;
    }
    void await_resume() const noexcept {}
  };
  final_awaiter final_suspend() const noexcept { return {}; }

  /// Records the place of the await. That costs one store for each await, so it is always on.
  /// `where` is taken by reference because g++ 12 keeps by-value parameters of this function in the
  /// frame.
  template <class Awaitable>
  decltype(auto) await_transform(
      Awaitable&& awaitable, const std::source_location& where = std::source_location::current()) {
    site_ = where;
    return awaiter_for(static_cast<Awaitable&&>(awaitable), on_pool());
  }

  /// Where the coroutine awaits now, or awaited last.
  [[nodiscard]] std::source_location site() const noexcept { return site_; }

  /// The task on whose behalf the coroutine runs; null before it is started.
  [[nodiscard]] context* task_context() const noexcept {
    return reinterpret_cast<context*>(context_ & ~(by_no_task | pool_bit));
  }

  /// Whether the coroutine runs on a pool. It never changes.
  [[nodiscard]] bool on_pool() const noexcept { return (context_ & pool_bit) != 0; }

  /// The promise of the coroutine that awaits this one; null at the root, or if the awaiter is no
  /// lariat task.
  [[nodiscard]] const promise_base* awaiter() const noexcept;

  /// Called before the first run, by whatever starts the coroutine.
  /// \throws std::logic_error if the coroutine was started before, or its closure is gone.
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

  /// The same for the first coroutine of a context; `back` is resumed when the coroutine has
  /// finished.
  void start_root(context& context, std::coroutine_handle<> back) {
    if (continuation_ != nullptr) [[unlikely]]
      check_start();
    set_root(context);
    continuation_ = back;
  }

  /// The same for a coroutine that runs on a pool, as everything that it awaits then does.
  void start_root_on_pool(context& context, std::coroutine_handle<> back) {
    start_root(context, back);
    context_ |= pool_bit;
  }

  [[nodiscard]] bool never_started() const noexcept { return context_ == 0; }

  /// Whether the coroutine has not started yet and was made by calling a lambda with captures,
  /// whose closure may be destroyed before the coroutine runs.
  [[nodiscard]] bool made_by_closure() const noexcept {
    return continuation_ != nullptr && context_ == 0;
  }

 protected:
  /// Copies from `other` all that operations, tasks and dumps look at, so that they take this
  /// promise for it.
  void stand_in_for(const promise_base& other) noexcept {
    context_ = other.context_;
    continuation_ = other.continuation_;
    site_ = other.site_;
  }
  /// The same, but as a coroutine that runs on a loop.
  void stand_in_on_loop_for(const promise_base& other) noexcept {
    stand_in_for(other);
    context_ &= ~pool_bit;
  }

  /// Records the closure's address (null: not known). Until the start it is kept in place of the
  /// continuation, so that starting has to test a single word.
  void set_closure(const void* closure) noexcept {
    continuation_ = std::coroutine_handle<>::from_address(
        const_cast<void*>(closure == nullptr ? this : closure));
  }

  /// For generators, which are started once for each value.
  void allow_restart() noexcept { continuation_ = nullptr; }

 private:
  void start_for_foreign();
  void check_start() const;
  void set_root(context& context) noexcept {
    context_ = reinterpret_cast<std::uintptr_t>(&context) | by_no_task;
  }

  // A tag in the lowest bit of the context's address: the awaiter is no lariat task. A separate
  // flag would cost each frame a word.
  static constexpr std::uintptr_t by_no_task = 1;
  // A tag in the next bit: the coroutine runs on a pool.
  static constexpr std::uintptr_t pool_bit = 2;

  std::uintptr_t context_ = 0;
  std::coroutine_handle<> continuation_;
  std::source_location site_;
};

}  // namespace lariat::detail
