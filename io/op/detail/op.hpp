#pragma once

#include <lariat/io/kernel/detail/error.hpp>
#include <lariat/sched/loop/operation.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

struct io_uring_sqe;

namespace lariat::io::detail {

/// One kernel operation: an awaitable whose address is the completion's user data.
///
/// Awaited, it is pinned in the awaiting frame until the kernel's last completion for it has been
/// reaped, so the memory that it borrows may be the caller's own (io/README.md, "Op lifetime").
/// Cancelled, it asks the kernel and goes on waiting; a result that arrived wins over the cancel
/// (io/README.md, "Cancel versus complete").
class op : public lariat::detail::starting_operation<op> {
 public:
  void cancel() noexcept override;

  /// The kernel's answer: a value, or a negative errno. -ECANCELED if it was cancelled.
  [[nodiscard]] std::int32_t raw_result() const noexcept { return result_; }
  [[nodiscard]] std::uint32_t raw_flags() const noexcept { return flags_; }

  /// Fills in the submission entry, but for its user data. Called for each submission, and without
  /// one when the kernel has given the operation up, for a look at what was submitted: what it does
  /// besides it does only the first time.
  virtual void prepare_entry(io_uring_sqe& entry) noexcept = 0;

 protected:
  op() = default;
  op(const op&) = default;

  /// Asked with each last completion, unless its result is `enough`, or one after which it is tried
  /// again; true if the operation is over.
  /// One that goes on (a write that was short) changes itself and returns false: it is submitted
  /// again.
  virtual bool completed() noexcept { return true; }

  /// So many bytes end the operation, and `completed` is not asked: a virtual call less.
  void set_enough(std::size_t bytes) noexcept {
    constexpr std::size_t more_than_any = std::numeric_limits<std::int32_t>::max();
    enough_ = static_cast<std::int32_t>(std::min(bytes, more_than_any));
  }

  /// The same for any number.
  void set_anything_enough() noexcept { enough_ = 0; }

  /// `completed` is asked each time, as of an operation that sets nothing.
  void set_nothing_enough() noexcept { enough_ = std::numeric_limits<std::int32_t>::max(); }

  /// Whether the kernel has given it up, and it was submitted again.
  [[nodiscard]] bool was_repeated() const noexcept { return tries_ != 0; }

  /// Ends the operation before it is submitted, with a result of its own.
  void preset(std::int32_t result) noexcept {
    result_ = result;
    preset_ = true;
  }

  /// The same, by an error: of a closed descriptor, for instance.
  /// \param error A positive errno.
  void preset_error(int error) noexcept { preset(-error); }

  /// Submits it. False if it is over already, preset or cancelled: the task goes on at once.
  bool start() noexcept;

  /// The same though the task may be cancelled. After `suspend`.
  void submit() noexcept;

  /// Whether the kernel was asked to cancel it: then it is not submitted again.
  [[nodiscard]] bool cancel_requested() const noexcept { return cancelling_; }

  [[nodiscard]] bool succeeded() const noexcept { return result_ >= 0; }

  /// For -ECANCELED after a cancel. \throws operation_cancelled
  void throw_if_cancelled() const {
    if (was_cancelled()) [[unlikely]]
      throw_cancelled();
  }

  [[nodiscard]] bool was_cancelled() const noexcept;

  /// The result for `await_result`: nothing, the kernel's errno, or operation_canceled. Delivers
  /// the cancel: later awaits do not see it any more.
  [[nodiscard]] std::error_code take_error() const noexcept;

  std::int32_t result_ = 0;
  std::uint32_t flags_ = 0;

 private:
  friend class io_driver;
  friend starting_operation;

  std::int32_t enough_ = std::numeric_limits<std::int32_t>::max();  // More than any result.
  bool preset_ = false;
  bool cancelling_ = false;
  bool in_flight_ = false;
  // How often in a row the kernel has given it up. While it waits before the next try `result_`
  // keeps `enough_`, and `flags_` says for what it waits.
  std::uint8_t tries_ = 0;
  bool waits_to_try_ = false;
};

}  // namespace lariat::io::detail
