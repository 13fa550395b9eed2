#pragma once

#include <lariat/sched/channel/detail/channel_thread.hpp>
#include <lariat/sched/concurrent/detail/basic_gate.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/thread/detail/spin_lock.hpp>

#include <atomic>
#include <coroutine>
#include <cstdint>

namespace lariat::detail {

/// Who waits at a gate: a task's operation, or a blocked thread. The gate writes the members while
/// it waits.
class gate_waiter {
 public:
  gate_waiter(std::uint64_t needed, std::uint64_t taken) noexcept : need(needed), take(taken) {}
  gate_waiter& operator=(const gate_waiter&) = delete;

  /// Makes the task or thread go on. Called once, by any thread, without the gate's lock. The
  /// waiter may be gone when it returns.
  virtual void deliver() noexcept = 0;

  /// The operation in which a task waits; null for a thread.
  [[nodiscard]] virtual const operation* waiting_in() const noexcept { return nullptr; }

  gate_waiter* previous = nullptr;
  gate_waiter* next = nullptr;
  std::uint64_t need;
  std::uint64_t take;
  bool queued = false;
  gate_outcome told = gate_outcome::waiting;

 protected:
  // A copy is made before it waits only.
  gate_waiter(const gate_waiter& other) noexcept : need(other.need), take(other.take) {}
  virtual ~gate_waiter() = default;  // Virtual for the same reason as runnable's.
};

/// The base of the primitives that all threads share.
///
/// \par Fork
/// A child that was forked while another thread held the lock, for some instructions, finds it
/// locked for ever.
class gate : public basic_gate<gate_waiter, std::atomic<std::uint64_t>, spin_lock> {
 protected:
  using basic_gate::basic_gate;
  /// Ends the program if anyone waits.
  ~gate() {
    if (is_waited_for()) [[unlikely]]
      die_waited_for();
  }

 private:
  [[noreturn]] void die_waited_for() noexcept;
};

/// The base of the primitives' awaitables.
class gate_operation : public operation, public gate_waiter {
 public:
  bool await_ready() const noexcept { return false; }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    prepare(caller);
    if (must_cancel()) [[unlikely]] {
      told = gate_outcome::cancelled;
      return false;
    }
    if (!gate_->try_pass(need, take)) [[unlikely]]
      return wait();
    // Now and then through the ready queue, so that a task that never has to wait does not starve
    // the others.
    if (!owner().spend_budget()) [[likely]]
      return false;
    suspend();
    complete();
    return true;
  }

  void cancel() noexcept final;
  woken_by depends_on(dependency_visitor&) const final { return woken_by::somebody; }

 protected:
  gate_operation(gate& awaited, std::uint64_t needed, std::uint64_t taken) noexcept
      : gate_waiter(needed, taken), gate_(&awaited) {}
  gate_operation(const gate_operation&) = default;
  ~gate_operation() = default;

  void check_cancelled() const {
    if (told == gate_outcome::cancelled) [[unlikely]]
      throw_cancelled();
  }
  [[nodiscard]] gate& awaited() const noexcept { return *gate_; }

 private:
  /// Called when it has to wait; may throw instead.
  virtual void before_wait() {}
  [[nodiscard]] bool wait();
  void deliver() noexcept final { owner().post(*this); }
  [[nodiscard]] const operation* waiting_in() const noexcept final { return this; }

  gate* gate_;
};

/// Passes, and blocks the thread until it can. `cancelled` if the patience ran out first.
[[nodiscard]] gate_outcome block_at(gate& awaited, std::uint64_t need, std::uint64_t take,
                                    const channel_patience& patience) noexcept;

/// The same for the member function `operation`; `make` gives the patience, if it has to wait.
/// \throws std::logic_error on a thread that runs a loop.
template <class Make>
[[nodiscard]] gate_outcome pass_blocking(const char* operation, gate& awaited, std::uint64_t need,
                                         std::uint64_t take, Make make) {
  refuse_to_block_loop(operation);
  if (awaited.try_pass(need, take)) [[likely]]
    return gate_outcome::served;
  return block_at(awaited, need, take, make());
}

}  // namespace lariat::detail
