#pragma once

#include <mutex>

namespace lariat {
class unhandled_failure;
}

namespace lariat::detail {

/// Receives the failures of a loop's tasks that nobody awaited. Shared with failed tasks whose
/// handles still exist, because a handle may be dropped, unread, after the loop is gone.
class failure_sink {
 public:
  using hook = void (*)(void* state, const unhandled_failure& failure) noexcept;

  /// Null: failures are printed. Waits until no other thread is in the former hook.
  void set(hook told, void* state) noexcept;

  /// Any thread.
  void report(const unhandled_failure& failure) noexcept;

 private:
  std::recursive_mutex mutex_;  // Recursive: the hook may itself drop a handle.
  hook told_ = nullptr;
  void* state_ = nullptr;
};

}  // namespace lariat::detail
