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

/// Holds tasks until a number of them has come, then lets all of them go on together, again and
/// again: the steps of a computation (asyncio's Barrier).
///
/// \par Threads
/// It belongs to one loop, that of the thread that makes it, else that of the first task that uses
/// it; the tasks of that loop may wait and ask. Any thread may `abort`. As to its life, see
/// `event`.
class barrier final : private detail::loop_bound {
 public:
  /// \throws std::invalid_argument if `parties` is zero.
  explicit barrier(std::size_t parties);

  /// Waits until as many have come as there are parties. Gives each of them another number, from 0
  /// for who came first: whoever has 0, say, tidies up. Allocates nothing.
  /// \throws broken_barrier, or std::logic_error in a task of another loop.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, and does not count as come; the others go on waiting.
  [[nodiscard]] barrier_wait arrive_and_wait() noexcept;

  /// Breaks it: who waits, and whoever comes until `reset`, gets broken_barrier. From another
  /// thread it happens when the loop has heard of it.
  void abort() noexcept {
    if (here()) [[likely]] {
      abort_here();
    } else {
      request_flag(1);
    }
  }

  /// Makes it whole and empty; who waits gets broken_barrier.
  /// \throws std::logic_error on another thread than its loop's.
  void reset();

  /// How many have to come.
  [[nodiscard]] std::size_t parties() const noexcept { return parties_; }

  /// How many wait now. \throws std::logic_error on another thread than its loop's.
  [[nodiscard]] std::size_t waiting() {
    require_here("barrier::waiting");
    return waiting_;
  }

  /// Whether it was aborted. \throws std::logic_error on another thread than its loop's.
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
