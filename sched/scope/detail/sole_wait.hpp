#pragma once

#include <lariat/sched/loop/operation.hpp>

#include <utility>

namespace lariat::detail {

/// A wait for the tasks of an object, of which that object admits one at a time, because each end
/// is given once. The object has a place for it, and completes whom it finds there.
class sole_wait : public starting_operation<sole_wait> {
 public:
  void cancel() noexcept final;
  woken_by depends_on(dependency_visitor& visit) const final;

  /// Wakes the wait in `place`, if there is one.
  static void wake(sole_wait*& place) noexcept {
    if (place != nullptr) std::exchange(place, nullptr)->complete();
  }

 protected:
  sole_wait() = default;
  ~sole_wait() = default;

  /// \throws operation_cancelled if the wait was cancelled.
  void check() const {
    if (cancelled_) throw_cancelled();
  }

 private:
  friend starting_operation;

  /// Whether there is nothing to wait for.
  [[nodiscard]] virtual bool ready() const noexcept = 0;
  /// Where the object keeps a wait of this kind.
  [[nodiscard]] virtual sole_wait*& place() const noexcept = 0;
  /// Names the tasks that run, until one of these calls returns false.
  virtual void visit_running(dependency_visitor& visit) const = 0;
  /// \throws std::logic_error if the place is taken, or the wait would never end.
  bool start();

  bool cancelled_ = false;
};

}  // namespace lariat::detail
