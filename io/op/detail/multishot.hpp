#pragma once

#include <lariat/io/op/detail/op.hpp>

#include <cstdint>

namespace lariat::io::detail {

/// A kernel operation that belongs to the loop rather than to one await: a multishot accept or
/// receive, which completes many times, and may do so while nobody waits.
///
/// From `io_driver::submit` until a completion that says `more == false` it is pinned: its
/// address is the completions' user data.
class multishot {
 public:
  multishot() = default;
  multishot(const multishot&) = delete;
  multishot& operator=(const multishot&) = delete;

  /// Fills in the submission entry, but for its user data.
  virtual void prepare_entry(io_uring_sqe& entry) noexcept = 0;

  /// Told of each completion but one by which the kernel gives it up without a reason: then it is
  /// submitted again. Called on the loop's thread, from inside the driver: it may queue tasks
  /// and submit operations, but must not resume a coroutine.
  ///
  /// \param more Whether others follow. If not, the operation is over, whatever `result` says: a
  ///     full completion queue ends it with good data. As its last act it may then be submitted
  ///     again, or destroy itself.
  virtual void on_completion(std::int32_t result, std::uint32_t flags, bool more) noexcept = 0;

 protected:
  ~multishot() = default;

 private:
  friend class io_driver;
  std::uint8_t tries_ = 0;  // How often in a row the kernel has given it up.
  bool cancelling_ = false;
};

}  // namespace lariat::io::detail
