#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/op/detail/signal_guard.hpp>
#include <lariat/sched/thread/clock.hpp>

#include <liburing.h>

#include <bitset>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <optional>

namespace lariat::io::detail {

/// How a ring is made. See loop_driver_options, which says why.
struct ring_options {
  unsigned entries;
  unsigned completions;
  unsigned file_workers;
  unsigned other_workers;
  int flag_step;
};

/// What a ring has done so far.
struct ring_counts {
  std::uint64_t submitted = 0;
  std::uint64_t completed = 0;
  std::uint64_t enters = 0;
  std::uint64_t waits = 0;
  std::uint64_t overflows = 0;
};

/// The submission and completion queues that one thread shares with the kernel. Made by liburing;
/// the hot path is here, so that every entry into the kernel is one that reaps (GETEVENTS: without
/// it a DEFER_TASKRUN ring makes no progress).
///
/// Not installed: the one header that includes liburing.
class ring {
 public:
  /// Makes the queues, disabled: no thread is the submitter yet.
  /// \throws io_uring_unavailable
  explicit ring(const ring_options& options);
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;

  /// \pre Nothing is in flight: the kernel goes on writing after a ring is gone.
  ~ring();

  /// Makes this thread the submitter. Before the first `enter`, once.
  void enable() noexcept;

  /// Whether no entry is free: `enter`, then look again.
  [[nodiscard]] bool full() const noexcept {
    // Relaxed: the kernel moves the head during `enter` only, there being no SQPOLL.
    return ring_.sq.sqe_tail - __atomic_load_n(ring_.sq.khead, __ATOMIC_RELAXED) >=
           ring_.sq.ring_entries;
  }

  /// An empty entry. \pre Not `full`.
  [[nodiscard]] io_uring_sqe& next_entry() noexcept {
    assert(!full() && "an entry that the kernel has not taken yet would be overwritten");
    io_uring_sqe& entry = ring_.sq.sqes[ring_.sq.sqe_tail++ & ring_.sq.ring_mask];
    std::memset(&entry, 0, sizeof entry);
    return entry;
  }

  /// Entries that the kernel has not taken yet.
  [[nodiscard]] unsigned pending() const noexcept { return ring_.sq.sqe_tail - submitted_tail_; }

  /// Whether only an `enter` brings progress: entries wait, or completions that the kernel has
  /// not put into the queue.
  [[nodiscard]] bool needs_enter() const noexcept {
    return pending() != 0 || (__atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED) & attention) != 0;
  }

  [[nodiscard]] bool has_completions() const noexcept {
    return *ring_.cq.khead != __atomic_load_n(ring_.cq.ktail, __ATOMIC_ACQUIRE);
  }

  /// Submits what is pending and, if `wait`, sleeps until there is a completion or `deadline` has
  /// come. May return early, and may submit less than all: the rest stays pending.
  void enter(bool wait, clock_ns deadline) noexcept;

  /// Calls `handle(const io_uring_cqe&)` for each completion in the queue. Each is taken out
  /// before it is handled, so `handle` may itself submit and reap.
  template <class Handle>
  void reap(Handle handle) noexcept {
    const unsigned tail = __atomic_load_n(ring_.cq.ktail, __ATOMIC_ACQUIRE);
    if (tail - *ring_.cq.khead == ring_.cq.ring_entries && overflowed()) [[unlikely]] {
      ++counts_.overflows;
    }
    for (;;) {
      const unsigned head = *ring_.cq.khead;
      if (static_cast<int>(tail - head) <= 0) return;
      const io_uring_cqe& shared = ring_.cq.cqes[head & ring_.cq.ring_mask];
      const completion copy{shared.user_data, shared.res, shared.flags};
      // Release: the kernel may reuse the place from here on.
      __atomic_store_n(ring_.cq.khead, head + 1, __ATOMIC_RELEASE);
      ++counts_.completed;
      handle(copy);
    }
  }

  /// A completion, out of the queue.
  struct completion {
    std::uint64_t user_data;
    std::int32_t result;
    std::uint32_t flags;
  };

  /// A write is pending that may raise SIGPIPE when the kernel gets to it, or has completed.
  void expect_sigpipe(bool submitted) noexcept;

  [[nodiscard]] bool supports(unsigned opcode) const noexcept {
    return opcode < opcodes_.size() && opcodes_[opcode];
  }

  /// io_uring_register(2). A negative errno if it fails.
  int register_resource(unsigned opcode, void* argument, unsigned count) noexcept;

  [[nodiscard]] int fd() const noexcept { return ring_.ring_fd; }
  [[nodiscard]] int flag_step() const noexcept { return flag_step_; }
  [[nodiscard]] const ring_counts& counts() const noexcept { return counts_; }

 private:
  [[nodiscard]] bool overflowed() const noexcept {
    return (__atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED) & IORING_SQ_CQ_OVERFLOW) != 0;
  }

  static constexpr unsigned attention = IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN;

  void create(const ring_options& options);
  int try_create(unsigned entries, unsigned completions) noexcept;
  void probe() noexcept;
  void choose_enter_flags() noexcept;
  void enter_unguarded(bool wait, clock_ns deadline) noexcept;
  void enter_guarded(bool wait, clock_ns deadline) noexcept;
  int enter_until(unsigned given, clock_ns deadline) noexcept;

  io_uring ring_{};
  unsigned submitted_tail_ = 0;
  unsigned enter_flags_ = 0;
  bool absolute_deadlines_ = false;
  int flag_step_ = 0;
  unsigned sigpipe_writes_ = 0;
  std::optional<signal_guard> sigpipe_guard_;
  unsigned workers_[2];
  ring_counts counts_;
  std::bitset<256> opcodes_;
};

}  // namespace lariat::io::detail
