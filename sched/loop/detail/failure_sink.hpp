#pragma once

#include <mutex>

namespace lariat {
class unhandled_failure;
}

namespace lariat::detail {

/// Where a loop's failures go that nobody awaited. Shared with failed tasks whose handles still
/// exist: they may be dropped, unread, when the loop is gone.
class failure_sink {
 public:
  using hook = void (*)(void* state, const unhandled_failure& failure) noexcept;

  /// Null: they are printed. Waits for a call of the former hook by another thread.
  void set(hook told, void* state) noexcept;

  /// Any thread.
  void report(const unhandled_failure& failure) noexcept;

 private:
  std::recursive_mutex mutex_;  // Recursive: the hook may itself drop a handle.
  hook told_ = nullptr;
  void* state_ = nullptr;
};

}  // namespace lariat::detail
