#pragma once

#include <lariat/sched/sync/detail/gate_wait.hpp>

#include <cstddef>
#include <cstdint>

namespace lariat::detail {

/// The part of queues that does not depend on the items' type: the count of items that were put and
/// are not done yet, the tasks that wait for it to reach zero, and closing.
class queue_base : protected loop_bound {
 public:
  /// Counts an item that was taken as done: see `join`. From another thread it counts when the loop
  /// has received the request.
  /// \throws std::logic_error if all items are done already. From another thread that ends the
  /// program: it is found later, when there is no caller to throw to.
  void task_done();

  /// Waits until each item that was put is done. Allocates nothing.
  /// \throws std::logic_error in a task of another loop.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, unless all items were done before.
  [[nodiscard]] gate_wait<queue_base> join() noexcept { return gate_wait(*this); }

  /// Closes the queue: `put` throws queue_closed, also in tasks that wait in it. What is in the
  /// queue can still be taken; after that `get` gives nothing. From another thread it happens when
  /// the loop has received the request.
  void close() noexcept;

  /// The same, and destroys the items in the queue, which then count as done.
  void close_now() noexcept;

  /// Whether it was closed. \throws std::logic_error on another thread than its loop's.
  [[nodiscard]] bool closed();

 protected:
  /// \param limit Zero: no limit.
  explicit queue_base(std::size_t limit) noexcept
      : limit_(limit == 0 ? static_cast<std::size_t>(-1) : limit) {}
  ~queue_base() = default;

  /// Wakes all tasks that wait to put or to get, as the queue is closed.
  virtual void turn_away() noexcept = 0;

  /// Empties the queue, and returns how many items it had.
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
