#pragma once

#include <lariat/sched/cancel/stop_token.hpp>
#include <lariat/sched/concurrent/detail/gate.hpp>

#include <chrono>
#include <utility>

namespace lariat {

class concurrent_event_wait;

/// A gate that `set` opens and `clear` closes, for tasks of all loops, tasks on pools and threads:
/// `co_await e.wait()` waits until it is open. Between tasks of one loop `event` is cheaper; any
/// thread may set that as well.
///
/// Setting, clearing and passing an open gate cost an atomic operation, and nothing allocates. The
/// event must outlive its operations, and each call of its members but a `set` that was seen.
///
/// \par Threads
/// Any thread. What a thread did before `set` is seen by who passes because of it.
class concurrent_event final : private detail::gate {
 public:
  concurrent_event() noexcept : gate(0) {}

  /// Opens the gate, and wakes all who wait in the order of their arrival, even if `clear` follows
  /// at once.
  void set() noexcept {
    detail::gate_waiter* served = nullptr;
    gate::set(served);
    deliver_all(served);
  }

  /// Closes the gate.
  void clear() noexcept { gate::clear(); }

  /// Whether the gate is open; others may change that meanwhile.
  [[nodiscard]] bool is_set() const noexcept { return available() != 0; }

  /// Waits until the gate is open. For tasks.
  ///
  /// \par Cancellation
  /// Ends by operation_cancelled, unless the gate was opened before.
  [[nodiscard]] concurrent_event_wait wait() noexcept;

  /// `wait` for threads without a loop: blocks.
  /// \throws std::logic_error on a thread that runs a loop.
  void wait_blocking() {
    (void)wait_within("concurrent_event::wait_blocking", [] { return detail::channel_patience(); });
  }

  /// The same until stop is requested on `stop`: then false, unless the gate is open.
  [[nodiscard]] bool wait_blocking(stop_token stop) {
    return wait_within("concurrent_event::wait_blocking", [&stop] {
      return detail::channel_patience{no_deadline, std::move(stop)};
    });
  }

  /// The same for `time` at most.
  template <class Rep, class Period>
  [[nodiscard]] bool wait_blocking_for(std::chrono::duration<Rep, Period> time) {
    return wait_within("concurrent_event::wait_blocking_for",
                       [time] { return detail::channel_patience::of(time); });
  }

 private:
  friend class concurrent_event_wait;
  template <class Make>
  bool wait_within(const char* operation, Make make) {
    return detail::pass_blocking(operation, *this, 1, 0, make) == detail::gate_outcome::served;
  }
};

/// The awaitable of `concurrent_event::wait`.
class [[nodiscard]] concurrent_event_wait final : public detail::gate_operation {
 public:
  explicit concurrent_event_wait(concurrent_event& awaited) noexcept
      : gate_operation(awaited, 1, 0) {}

  void await_resume() const { check_cancelled(); }
  [[nodiscard]] operation_info info() const noexcept override { return {"concurrent_event::wait"}; }
};

inline concurrent_event_wait concurrent_event::wait() noexcept {
  return concurrent_event_wait(*this);
}

}  // namespace lariat
