#pragma once

#include <lariat/sched/sync/detail/gate_wait.hpp>

#include <cstddef>
#include <cstdint>

namespace lariat::detail {

/// The part of queues that does not depend on what is in them: the count of items that were put and
/// are not done, those who wait for its end, and the close.
class queue_base : protected loop_bound {
 public:
  /// Says that an item which was taken has been dealt with: see `join`. From another thread it
  /// counts when the loop has heard of it.
  /// \throws std::logic_error if no item is left that could be. Where another thread calls, which
  /// is not there to be told, the program ends.
  void task_done();

  /// Waits until each item that was put has been dealt with. Allocates nothing.
  /// \throws std::logic_error in a task of another loop.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, unless all was done before.
  [[nodiscard]] gate_wait<queue_base> join() noexcept { return gate_wait(*this); }

  /// Lets nobody put anything any more: who waits to put gets queue_closed. What is in the queue
  /// can be taken, then `get` gives nothing. From another thread it happens when the loop has heard
  /// of it.
  void close() noexcept;

  /// The same, and destroys what is in the queue; for `join` that is done.
  void close_now() noexcept;

  /// Whether it was closed. \throws std::logic_error on another thread than its loop's.
  [[nodiscard]] bool closed();

 protected:
  /// \param limit Zero: none.
  explicit queue_base(std::size_t limit) noexcept
      : limit_(limit == 0 ? static_cast<std::size_t>(-1) : limit) {}
  ~queue_base() = default;

  /// Tells all who wait to put or to get that the queue is closed.
  virtual void turn_away() noexcept = 0;

  /// Empties the queue, and gives how many there were.
  [[nodiscard]] virtual std::size_t discard() noexcept = 0;

  [[nodiscard]] bool is_closed() const noexcept { return closed_; }
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  void count_put() noexcept { ++undone_; }

 private:
  friend class gate_wait<queue_base>;
  static constexpr const char* wait_name = "queue::join";
  static constexpr std::uint64_t closing = std::uint64_t{1} << 62;
  static constexpr std::uint64_t closing_now = std::uint64_t{1} << 61;

  [[nodiscard]] bool pass_gate() const noexcept { return undone_ == 0; }
  void done_here(std::size_t count) noexcept;
  void close_here(bool now) noexcept;
  void apply(std::uint64_t requests) noexcept final;

  wait_list<gate_wait<queue_base>> waiters_;
  std::size_t limit_;
  std::size_t undone_ = 0;
  bool closed_ = false;
};

}  // namespace lariat::detail
