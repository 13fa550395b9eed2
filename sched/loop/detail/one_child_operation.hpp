#pragma once

#include <lariat/sched/loop/operation.hpp>

#include <exception>

namespace lariat::detail {

/// The common part of operations that wait for one child task: passes a cancel on to the child, and
/// throws the exception by which the child ended. The derived class starts the child and calls
/// `child_started` and `child_ended`; it decides where the child runs, and what else may cancel it.
class one_child_operation : public operation {
 public:
  void cancel() noexcept final;
  [[nodiscard]] const context* only_child() const noexcept final { return child_; }
  woken_by depends_on(dependency_visitor& visit) const override;

 protected:
  one_child_operation() = default;
  ~one_child_operation() = default;

  /// Called before the child is started. True if the awaiting task was cancelled before: then the
  /// child must not be started, and `rethrow_error` delivers the cancel.
  [[nodiscard]] bool refuse_if_cancelled() noexcept { return refused_ = must_cancel(); }

  void child_started(context& child) noexcept { child_ = &child; }

  /// Keeps the exception by which the child has ended, null if it has a value, and the `local`
  /// values that it has set.
  void child_ended(const context& child, const std::exception_ptr& error) noexcept {
    child_ = nullptr;
    error_ = error;
    keep_locals_of(child);
  }

  /// The child while it runs; null before and after.
  [[nodiscard]] context* running_child() const noexcept { return child_; }

  /// The exception by which the child has ended; null if it has a value, or has not ended.
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }

  /// Whether the child ended by the awaiting task's cancel, which was passed on to it.
  [[nodiscard]] bool ended_by_own_cancel() const noexcept {
    return is_own_cancel(cancelled_, error_);
  }

  /// Returns only if the child has a value. Throws operation_cancelled if the awaiting task's
  /// cancel kept the child from being started, or ended it; otherwise the exception by which it
  /// ended.
  void rethrow_error() const;

 private:
  bool refused_ = false;  // This and the next fit in the padding after the base's small members.
  bool cancelled_ = false;
  context* child_ = nullptr;
  std::exception_ptr error_;
};

}  // namespace lariat::detail
