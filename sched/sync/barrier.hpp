#pragma once

#include <lariat/sched/sync/detail/wait_list.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace lariat {

class barrier_wait;

/// Thrown by a barrier's await when the barrier was aborted, or reset while it waited.
class broken_barrier : public std::runtime_error {
 public:
  broken_barrier();
};

/// Holds tasks until a given number has arrived, then lets all of them go on together. It can be
/// used again and again, for the steps of a computation (asyncio's Barrier).
///
/// \par Threads
/// It belongs to one loop: that of the thread that makes it, or, if none runs there, that of the
/// first task that uses it. Only tasks of that loop may wait and ask. Any thread may `abort`. For
/// its lifetime see `event`.
class barrier final : private detail::loop_bound {
 public:
  /// \throws std::invalid_argument if `parties` is zero.
  explicit barrier(std::size_t parties);

  /// Waits until as many tasks have arrived as there are parties. Gives each its rank, from 0 for
  /// the first to arrive, so that one of them, say the one with 0, can do what is to be done once.
  /// Allocates nothing.
  /// \throws broken_barrier; std::logic_error in a task of another loop.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, and no longer counts as arrived; the others go on waiting.
  [[nodiscard]] barrier_wait arrive_and_wait() noexcept;

  /// Breaks the barrier: tasks that wait, and those that arrive before `reset`, get broken_barrier.
  /// From another thread it happens when the loop has received the request.
  void abort() noexcept {
    if (here()) [[likely]] {
      abort_here();
    } else {
      request_flag(1);
    }
  }

  /// Makes the barrier usable again, with nobody arrived; tasks that wait get broken_barrier.
  /// \throws std::logic_error on a thread other than its loop's.
  void reset();

  /// How many tasks have to arrive.
  [[nodiscard]] std::size_t parties() const noexcept { return parties_; }

  /// How many wait now. \throws std::logic_error on a thread other than its loop's.
  [[nodiscard]] std::size_t waiting() {
    require_here("barrier::waiting");
    return waiting_;
  }

  /// Whether it was aborted. \throws std::logic_error on a thread other than its loop's.
  [[nodiscard]] bool broken() {
    require_here("barrier::broken");
    return broken_;
  }

 private:
  friend class barrier_wait;

  void let_go() noexcept;
  void turn_away() noexcept;
  void abort_here() noexcept {
    broken_ = true;
    turn_away();
  }
  void apply(std::uint64_t) noexcept override { abort_here(); }

  detail::wait_list<barrier_wait> waiters_;
  std::size_t parties_;
  std::size_t waiting_ = 0;
  bool broken_ = false;
};

/// The awaitable of `barrier::arrive_and_wait`.
class [[nodiscard]] barrier_wait final : public detail::basic_wait_operation<barrier_wait> {
 public:
  explicit barrier_wait(barrier& awaited) noexcept
      : basic_wait_operation(awaited), awaited_(&awaited) {}

  std::size_t await_resume() const;

  bool attempt() noexcept override;
  [[nodiscard]] operation_info info() const noexcept override {
    return {"barrier::arrive_and_wait"};
  }

 private:
  friend class barrier;
  void enqueue() noexcept override;
  void withdrawn() noexcept override { --awaited_->waiting_; }

  barrier* awaited_;
  std::size_t rank_ = 0;
  bool turned_away_ = false;
};

inline barrier_wait barrier::arrive_and_wait() noexcept { return barrier_wait(*this); }

}  // namespace lariat
