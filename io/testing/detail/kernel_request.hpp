#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/testing/detail/buffer_watch.hpp>
#include <lariat/io/testing/detail/event_queue.hpp>
#include <lariat/io/testing/detail/open_description.hpp>
#include <lariat/io/testing/detail/simulated_kernel.hpp>

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace lariat::io::testing {

class kernel_request;

/// Who submits requests, and is told of their completions.
class request_owner {
 public:
  /// The request has a result; if it does not say `more`, that was the last.
  virtual void completed(kernel_request& request) noexcept = 0;

 protected:
  ~request_owner() = default;
};

/// An entry of a ring on its way through the simulated kernel: submitted; *starting*, which it does
/// now or later; *waiting* until it can go on; *done*, when its result is not seen yet. What it
/// points to is read and written when it takes place, not before.
class kernel_request : private event, private waiter {
 public:
  kernel_request(simulated_kernel& kernel, request_owner& owner) noexcept
      : kernel_(kernel), owner_(owner) {}

  /// To be filled in before `prepare`.
  [[nodiscard]] io_uring_sqe& entry() noexcept {
    return *reinterpret_cast<io_uring_sqe*>(entry_bytes_);
  }

  /// The entry is filled in: from here on its buffers are the kernel's.
  void prepare() noexcept;

  /// The kernel takes the entry.
  void begin() noexcept;

  /// Asks for its end. 0: it ends by this; -ENOENT: it has ended; -EALREADY: it will end, as if
  /// not asked.
  int cancel() noexcept;

  [[nodiscard]] std::int32_t result() const noexcept { return result_; }
  [[nodiscard]] std::uint32_t flags() const noexcept { return flags_; }
  [[nodiscard]] bool more() const noexcept { return (flags_ & IORING_CQE_F_MORE) != 0; }

  /// After a completion that said `more`.
  void go_on() noexcept;

  /// After the last one: lets go of what it holds.
  void release() noexcept;

  /// What an operation gives that has to wait for its target; EAGAIN may be an error, too.
  static constexpr int must_wait = std::numeric_limits<int>::min();

  /// Whether the kernel has this operation, IORING_OP_...
  [[nodiscard]] static bool supports(unsigned opcode) noexcept;

 private:
  enum class stage : unsigned char { idle, starting, waiting, done };

  void fire() noexcept override;
  void retry() noexcept override;
  void attempt() noexcept;
  void finish(std::int32_t result) noexcept;
  void wait_for_change() noexcept;
  int find_target() noexcept;
  void find_buffers() noexcept;
  [[nodiscard]] bool reads() const noexcept;   // From its buffers.
  [[nodiscard]] bool writes() const noexcept;  // To its buffers.
  [[nodiscard]] bool waits_for_peer() const noexcept;
  [[nodiscard]] bool is_multishot() const noexcept;
  [[nodiscard]] std::span<const iovec> rest(std::size_t limit) noexcept;

  // Each gives a result, or `must_wait`.
  [[nodiscard]] int perform() noexcept;
  [[nodiscard]] int transfer() noexcept;
  [[nodiscard]] int check_offset() noexcept;
  [[nodiscard]] int write(std::span<const iovec> from, std::uint64_t offset) noexcept;
  [[nodiscard]] int poll() noexcept;
  [[nodiscard]] int connect() noexcept;
  [[nodiscard]] int accept() noexcept;
  [[nodiscard]] int on_file() noexcept;
  [[nodiscard]] int on_path() noexcept;

  simulated_kernel& kernel_;
  request_owner& owner_;
  // g++ lets nothing follow an io_uring_sqe, which ends with an array of no size.
  alignas(io_uring_sqe) std::byte entry_bytes_[sizeof(io_uring_sqe)]{};
  const io_uring_sqe& entry_ = *reinterpret_cast<const io_uring_sqe*>(entry_bytes_);
  stage stage_ = stage::idle;
  bool asked_for_fault_ = false;
  bool connecting_ = false;
  std::int32_t result_ = 0;
  std::uint32_t flags_ = 0;
  std::shared_ptr<open_description> target_;

  iovec buffer_{};                  // Where the entry has just one.
  std::span<const iovec> buffers_;  // All of them.
  std::vector<iovec> rest_;         // What is left of them.
  std::size_t moved_ = 0;           // By what went before, for MSG_WAITALL.
  buffer_watch watch_;
};

}  // namespace lariat::io::testing
