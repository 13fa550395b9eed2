#pragma once

#include <string>

namespace lariat {

/// Thrown by an await that was cancelled. Not a std::exception, so that `catch (std::exception&)`
/// does not swallow it by habit (asyncio's CancelledError is a BaseException for the same reason).
/// Let it pass, or clean up and rethrow it.
class operation_cancelled {
 public:
  explicit operation_cancelled(std::string reason) : reason_(std::move(reason)) {}

  /// The reason that the canceller gave; empty if none.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  std::string reason_;
};

}  // namespace lariat
