#pragma once

#include <lariat/sched/loop/operation.hpp>

#include <exception>

namespace lariat::detail {

/// Waits for one child task, wherever that runs and by whatever else it can end: passes a cancel on
/// to it, and throws what it came to. Whoever derives starts the child, and tells of its end.
class one_child_operation : public operation {
 public:
  void cancel() noexcept final;
  woken_by depends_on(dependency_visitor& visit) const override;

 protected:
  one_child_operation() = default;
  ~one_child_operation() = default;

  /// Before the start. True if a cancel came earlier: then no child is started.
  [[nodiscard]] bool refuse_if_cancelled() noexcept { return refused_ = must_cancel(); }

  void child_started(context& child) noexcept { child_ = &child; }

  /// Keeps what it came to.
  void child_ended(const std::exception_ptr& error) noexcept {
    child_ = nullptr;
    error_ = error;
  }

  /// While it runs; null otherwise.
  [[nodiscard]] context* running_child() const noexcept { return child_; }

  /// What it came to, if that is no value.
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }

  /// Whether it ended by the cancel that was passed on to it.
  [[nodiscard]] bool ended_by_own_cancel() const noexcept {
    return is_own_cancel(cancelled_, error_);
  }

  /// Throws what the child came to, if that is no value.
  void rethrow_error() const;

 private:
  bool refused_ = false;  // These two share a word with the base's.
  bool cancelled_ = false;
  context* child_ = nullptr;
  std::exception_ptr error_;
};

}  // namespace lariat::detail
