#pragma once

#include <lariat/sched/sync/detail/gate_wait.hpp>

#include <cstddef>
#include <cstdint>

namespace lariat {

/// A gate that opens when its count has reached zero, and stays open: lets tasks wait until a
/// number of things are done, as std::latch does.
///
/// \par Threads
/// It belongs to one loop: that of the thread that makes it, or, if none runs there, that of the
/// first task that uses it. Only tasks of that loop may wait and ask. Any thread may count down.
/// For its lifetime see `event`.
class latch final : private detail::loop_bound {
 public:
  explicit latch(std::size_t count) noexcept : left_(count) {}

  /// Subtracts `count` from what is left. From another thread it happens when the loop has received
  /// the request.
  /// \throws std::logic_error if fewer are left. From another thread that ends the program: it is
  /// found later, when there is no caller to throw to.
  void count_down(std::size_t count = 1) {
    if (here()) [[likely]] {
      if (count > left_) [[unlikely]]
        throw_below_zero();
      count_here(count);
    } else {
      request_count(count);
    }
  }

  /// Whether all are done. \throws std::logic_error on a thread other than its loop's.
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
