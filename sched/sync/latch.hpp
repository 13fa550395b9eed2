#pragma once

#include <lariat/sched/sync/detail/gate_wait.hpp>

#include <cstddef>
#include <cstdint>

namespace lariat {

/// A gate that opens when it was counted down to zero, and stays open: waits for a number of things
/// to be done, as std::latch.
///
/// \par Threads
/// It belongs to one loop, that of the thread that makes it, else that of the first task that uses
/// it; the tasks of that loop may wait and ask. Any thread may count down. As to its life, see
/// `event`.
class latch final : private detail::loop_bound {
 public:
  explicit latch(std::size_t count) noexcept : left_(count) {}

  /// Says that `count` more are done. From another thread it happens when the loop has heard of it.
  /// \throws std::logic_error if fewer are left. Where another thread counts, which is not there to
  /// be told, the program ends.
  void count_down(std::size_t count = 1) {
    if (here()) [[likely]] {
      if (count > left_) [[unlikely]]
        throw_below_zero();
      count_here(count);
    } else {
      request_count(count);
    }
  }

  /// Whether all are done. \throws std::logic_error on another thread than its loop's.
  [[nodiscard]] bool try_wait() {
    require_here("latch::try_wait");
    return left_ == 0;
  }

  /// Waits until all are done. Allocates nothing.
  /// \throws std::logic_error in a task of another loop.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, unless the gate was opened before.
  [[nodiscard]] detail::gate_wait<latch> wait() noexcept { return detail::gate_wait(*this); }

 private:
  friend class detail::gate_wait<latch>;
  static constexpr const char* wait_name = "latch::wait";

  [[nodiscard]] bool pass_gate() const noexcept { return left_ == 0; }
  void count_here(std::size_t count) noexcept {
    left_ -= count;
    if (left_ == 0) waiters_.wake_all();
  }
  [[noreturn]] static void throw_below_zero();
  void apply(std::uint64_t count) noexcept override;

  detail::wait_list<detail::gate_wait<latch>> waiters_;
  std::size_t left_;
};

}  // namespace lariat
