#pragma once

#include <lariat/io/op/detail/op.hpp>
#include <lariat/sched/executor/driver.hpp>

#include <cassert>
#include <cstdint>

struct io_uring_sqe;

namespace lariat::io::detail {

class multishot;

/// What an operation needs of the driver below its loop: the ring, or a simulated kernel, which
/// reads the same submission entries.
class io_driver : public driver {
 public:
  /// Queues the operation's entry for the kernel. On the loop's thread.
  virtual void submit(op& operation) noexcept = 0;

  /// Asks the kernel to cancel it. Whatever comes of that, the operation completes itself.
  virtual void cancel(op& operation) noexcept = 0;

  /// The same for an operation that belongs to the loop. See multishot.hpp.
  virtual void submit(multishot& operation) noexcept = 0;
  virtual void cancel(multishot& operation) noexcept = 0;

  /// Whether the kernel knows the operation IORING_OP_...
  [[nodiscard]] virtual bool supports(unsigned opcode) const noexcept = 0;

  /// A write is submitted that may raise SIGPIPE in this thread, or has completed: until then the
  /// signal has no effect. See signal_guard.hpp.
  virtual void expect_sigpipe(bool /*submitted*/) noexcept {}

  /// io_uring_register(2) on the ring: buffer rings and the like. A negative errno if it fails,
  /// -EOPNOTSUPP where there is no ring.
  virtual int register_resource(unsigned opcode, void* argument, unsigned count) noexcept = 0;

 protected:
  /// Gives an operation its last completion. True if it is over, and its task queued; false if
  /// it has to be submitted again, by `prepare_again`: it wants to go on, or the kernel gave it up
  /// without a reason (io/README.md, "What the kernel gives up").
  [[nodiscard]] bool finish(op& operation, std::int32_t result, std::uint32_t flags) noexcept;

  /// Fills in the entry of such an operation: its own, or that of a wait before the next try.
  static void prepare_again(op& operation, io_uring_sqe& entry) noexcept;

  /// The same question about a multishot that ended.
  [[nodiscard]] bool goes_on(multishot& operation, std::int32_t result) const noexcept;

  /// Notes that it has given something, and goes on.
  static void note_more(multishot& operation) noexcept;

  /// Notes whether a cancel of ours is the reason of what comes.
  static void note_submitted(multishot& operation) noexcept;
  static void note_cancelled(multishot& operation) noexcept;

  /// Notes the result of a completion that another one follows: a zero-copy send's, whose buffer
  /// is still in use.
  static void note(op& operation, std::int32_t result, std::uint32_t flags) noexcept;

  /// While the driver itself cancels everything: nothing is submitted again.
  bool draining_ = false;

 private:
  [[nodiscard]] bool is_over(op& operation, std::int32_t result, std::uint32_t flags) noexcept;
  [[nodiscard]] bool tries_again(op& operation, bool asked_to_end) noexcept;
};

// Once for each completion, so here.
inline bool io_driver::finish(op& operation, std::int32_t result, std::uint32_t flags) noexcept {
  assert(operation.in_flight_ && "a completion came for an operation that is not in flight");
  if (result < operation.enough_) [[unlikely]] {
    if (!is_over(operation, result, flags)) return false;
  } else {
    operation.result_ = result;
    operation.flags_ = flags;
  }
  operation.in_flight_ = false;
  operation.complete();
  return true;
}

}  // namespace lariat::io::detail
