#pragma once

#include <lariat/sched/coroutine/detail/fork_scope.hpp>
#include <lariat/sched/pool/detail/join_counter.hpp>
#include <lariat/sched/pool/detail/pool_worker.hpp>

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>

namespace lariat::detail {

class fork_group;

// clang before 19 must not inline an await_suspend (ARCHITECTURE.md, C2).
#if defined(__clang__) && __clang_major__ < 19
#define LARIAT_INLINE_AWAIT
#else
#define LARIAT_INLINE_AWAIT [[gnu::always_inline]] inline
#endif

/// The part of a fork-join coroutine's promise that does not depend on the result's type.
class fork_promise_base {
 public:
  static void* operator new(std::size_t size) { return current_stacklet().frames.allocate(size); }
  static void operator delete(void* frame, std::size_t) noexcept {
    current_stacklet().frames.deallocate(frame);
  }

  fork_promise_base() noexcept {}  // Stores nothing: a whole call costs only a few instructions.
  fork_promise_base(const fork_promise_base&) = delete;
  fork_promise_base& operator=(const fork_promise_base&) = delete;

  std::suspend_always initial_suspend() const noexcept { return {}; }

  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept;
    void await_resume() const noexcept {}
  };
  final_awaiter final_suspend() const noexcept { return {}; }

  /// The base promise in any fork-join coroutine's frame; it is at the same offset in all of them.
  [[nodiscard]] static fork_promise_base& of(void* frame) noexcept {
    return std::coroutine_handle<fork_promise_base>::from_address(frame).promise();
  }

  /// Called before the coroutine is started: sets the group that it belongs to.
  void join_group(fork_group& group) noexcept { group_ = reinterpret_cast<std::uintptr_t>(&group); }
  [[nodiscard]] fork_group& group() const noexcept {
    return *reinterpret_cast<fork_group*>(group_ & ~stolen_bit);
  }
  [[nodiscard]] bool stolen() const noexcept { return (group_ & stolen_bit) != 0; }
  void mark_stolen() noexcept { group_ |= stolen_bit; }

 private:
  static constexpr std::uintptr_t stolen_bit = 1;
  std::uintptr_t group_;
};

/// The children that one await has forked. The stacklet that forks them runs the first at once, and
/// the others as it pops them from its worker's deque; a stolen child runs on a stacklet of its
/// own. As long as none is stolen nothing here is shared between threads, and no atomic operation
/// is made. When a child fails, those that have not begun are not started. Protocol:
/// sched/README.md, "Fork and join" and "Stop".
class fork_group {
 public:
  fork_group(const fork_group&) = delete;
  fork_group& operator=(const fork_group&) = delete;

  /// Called by the stacklet when one of the children has ended. Returns what to run next.
  [[nodiscard, gnu::always_inline]] std::coroutine_handle<> next() noexcept {
    if (unstarted_ == 0) return parent();
    auto& forks = current_worker()->forks();
    void* child;
    if (!forks.pop(child)) [[unlikely]]
      return join();
    if (&fork_promise_base::of(child).group() != this) [[unlikely]]
      return join_without(child);
    --unstarted_;
    if (scope().disturbed()) [[unlikely]]
      return next_disturbed(child);
    return std::coroutine_handle<>::from_address(child);
  }

  /// Called by a child that has ended by an exception.
  void child_failed() noexcept;

  /// Called by a thief when the child that it has stolen has ended. Returns what to run next.
  [[nodiscard]] std::coroutine_handle<> stolen_ended() noexcept;

  /// The call that a child belongs to.
  [[nodiscard]] static const fork_scope& scope_of(void* child) noexcept {
    return fork_promise_base::of(child).group().scope();
  }

  /// Runs a child that this thread has stolen, until there is nothing more to do for it.
  static void run_stolen(void* child) noexcept;

 protected:
  fork_group() noexcept {}  // `start` fills it in.
  ~fork_group() = default;

  /// Forks all `count` children but the first, and returns that, to be run now.
  /// \throws operation_cancelled, std::bad_alloc; then nothing was started.
  template <class ChildAt>
  std::coroutine_handle<> start(std::coroutine_handle<> parent, std::size_t count,
                                ChildAt child_at) {
    unstarted_ = static_cast<std::int32_t>(count - 1);
    fork_scope* const scope = current_stacklet().scope;
    scope_word_ = reinterpret_cast<std::uintptr_t>(scope);
    parent_ = parent.address();
    if (scope->disturbed()) [[unlikely]]
      check_stopped();
    current_worker()->forks().push(count - 1, [&](std::size_t i) {
      void* const child = child_at(count - 1 - i);
      fork_promise_base::of(child).join_group(*this);
      return child;
    });
    if (current_worker()->forks().asked()) [[unlikely]]
      current_worker()->share();
    void* const first = child_at(0);
    fork_promise_base::of(first).join_group(*this);
    return std::coroutine_handle<>::from_address(first);
  }

  /// Called after all have ended: whether a child has failed or was not started.
  [[nodiscard]] bool incomplete() const noexcept {
    // Relaxed: the join has ordered the writes before this.
    return (scope_word().load(std::memory_order_relaxed) & (failed_bit | dropped_bit)) != 0;
  }

  /// Throws `first`, the children's failure; operation_cancelled if there is none. \pre incomplete
  [[noreturn]] void rethrow_failure(std::exception_ptr first);

 private:
  // Tags in the scope's address, so that a fork has no further word to store.
  static constexpr std::uintptr_t failed_bit = 1;
  static constexpr std::uintptr_t dropped_bit = 2;

  [[nodiscard]] std::atomic_ref<std::uintptr_t> scope_word() const noexcept {
    return std::atomic_ref<std::uintptr_t>(scope_word_);
  }
  [[nodiscard]] fork_scope& scope() const noexcept {
    return *reinterpret_cast<fork_scope*>(scope_word().load(std::memory_order_relaxed) &
                                          ~(failed_bit | dropped_bit));
  }
  [[nodiscard]] bool has_to_stop() const noexcept;
  void check_stopped() const;
  [[nodiscard, gnu::cold]] std::coroutine_handle<> next_disturbed(void* child) noexcept;

  std::coroutine_handle<> join() noexcept;
  std::coroutine_handle<> join_without(void* child) noexcept;
  [[nodiscard]] std::coroutine_handle<> parent() const noexcept {
    return std::coroutine_handle<>::from_address(parent_);
  }

  void* parent_;  // Not a handle: its constructor would clear it first, which costs a store.
  // Atomic by reference only: a std::atomic would be cleared first, which costs each fork a store.
  mutable std::uintptr_t scope_word_;
  std::int32_t unstarted_;  // Children that the stacklet has not started: queued, or stolen.
  join_counter joined_;
  union {
    stacklet stacklet_;  // Set while the stacklet waits for stolen children.
  };
};

template <class Promise>
LARIAT_INLINE_AWAIT std::coroutine_handle<> fork_promise_base::final_awaiter::await_suspend(
    std::coroutine_handle<Promise> self) const noexcept {
  const fork_promise_base& promise = self.promise();
  if (promise.stolen()) [[unlikely]]
    return promise.group().stolen_ended();
  return promise.group().next();
}

#undef LARIAT_INLINE_AWAIT

}  // namespace lariat::detail
