#pragma once

#include <lariat/io/driver/io_uring_unavailable.hpp>
#include <lariat/io/op/detail/io_driver.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace lariat::io {

namespace detail {
class ring;
}  // namespace detail

/// How other threads wake a loop that sleeps. bench/offload/handover.cpp compares them.
enum class wake_method : unsigned char {
  event,    ///< A write to an eventfd: at least as fast as a message, and works everywhere.
  message,  ///< A message to the ring (Linux 6.13), or `event` if that fails.
};

/// How a loop's ring is made. The defaults suit a server of any size.
struct loop_driver_options {
  /// Submission queue, 64 to 32,768; a batch of 16 has 95 % of what batching gives.
  unsigned entries = 256;
  /// Completion queue, up to 65,536 and twice the entries at least; an overflow costs re-arming,
  /// not data.
  unsigned completions = 2048;
  unsigned file_workers = 0;  ///< Kernel threads for files, at most. 0: twice the cpus, at least 4.
  unsigned other_workers = 32;  ///< The same for sockets, pipes and devices.
  wake_method wake = wake_method::event;

  /// Forces a step of the flag ladder: 0 DEFER_TASKRUN, 1 SINGLE_ISSUER with COOP_TASKRUN,
  /// 2 COOP_TASKRUN. -1: the environment variable LARIAT_RING_STEP, or the best that works.
  int flag_step = -1;
};

/// What a ring has done so far, for metrics.
struct loop_driver_counts {
  std::uint64_t submitted = 0;  ///< Entries that the kernel took.
  std::uint64_t completed = 0;  ///< Completions that were reaped.
  std::uint64_t enters = 0;     ///< io_uring_enter calls.
  std::uint64_t waits = 0;      ///< Those of them that might sleep.
  std::uint64_t overflows = 0;  ///< Times that the completion queue was found overflowed.
};

/// The driver of a loop that does I/O: one io_uring, submitted to and reaped by one thread.
///
/// Entries pile up while tasks run and go to the kernel in the same call that waits. Protocols:
/// io/README.md.
///
/// \par Threads
/// May be constructed on one thread and run on another. All but `wake` belong to the thread of the
/// first `poll` or `park`; the destructor too, unless `drain` was called there.
class loop_driver final : public detail::io_driver {
 public:
  /// \throws io_uring_unavailable naming the cause and the remedy.
  /// \throws std::invalid_argument if an option is more than the kernel takes.
  explicit loop_driver(loop_driver_options options = {});
  loop_driver(const loop_driver&) = delete;
  loop_driver& operator=(const loop_driver&) = delete;

  /// Drains: the kernel never writes to memory of an operation after this.
  ~loop_driver() override;

  void poll() noexcept override;
  void park(clock_ns deadline) noexcept override;
  void wake() noexcept override;
  void drain() noexcept override;
  clock_ns coarse_now() noexcept override;
  [[nodiscard]] bool busy() const noexcept override { return in_flight() > 0; }

  void submit(detail::op& operation) noexcept override;
  void cancel(detail::op& operation) noexcept override;
  void submit(detail::multishot& operation) noexcept override;
  void cancel(detail::multishot& operation) noexcept override;
  [[nodiscard]] bool supports(unsigned opcode) const noexcept override;
  void expect_sigpipe(bool submitted) noexcept override;
  int register_resource(unsigned opcode, void* argument, unsigned count) noexcept override;

  /// Operations whose last completion has not been reaped.
  [[nodiscard]] std::size_t in_flight() const noexcept {
    return in_flight_ - (event_armed_ ? 1 : 0);
  }

  /// What the ring has done so far.
  [[nodiscard]] loop_driver_counts counts() const noexcept;

  /// The step of the flag ladder that the ring stands on. See loop_driver_options.
  [[nodiscard]] int flag_step() const noexcept;

  /// How `wake` does it. Known after the first `poll` or `park`.
  [[nodiscard]] wake_method wakes_by() const noexcept;

 private:
  void start() noexcept;
  void enter(bool wait, clock_ns deadline) noexcept;
  void reap() noexcept;
  void arm_event() noexcept;
  bool send_message() noexcept;
  void cancel_by_address(std::uint64_t user_data) noexcept;
  void cancel_everything() noexcept;
  io_uring_sqe& next_entry() noexcept;
  void make_room() noexcept;
  void submit_again(detail::op& operation) noexcept;
  void note_one_less() noexcept;
  void complete(detail::op& operation, std::int32_t result, std::uint32_t flags) noexcept;
  void complete(detail::multishot& operation, std::int32_t result, std::uint32_t flags) noexcept;

  std::unique_ptr<detail::ring> ring_;
  std::size_t in_flight_ = 0;
  int event_fd_ = -1;
  wake_method wanted_wake_;
  bool started_ = false;
  bool event_armed_ = false;
  std::atomic<bool> message_wake_{false};
};

}  // namespace lariat::io
