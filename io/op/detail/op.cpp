#include <lariat/io/op/detail/op.hpp>

#include <lariat/io/op/detail/driver_of.hpp>
#include <lariat/sched/cancel/cancelled.hpp>

#include <cassert>
#include <cerrno>

namespace lariat::io::detail {

bool op::start() noexcept {
  if (preset_) return false;
  if (must_cancel()) {
    cancelling_ = true;
    result_ = -ECANCELED;
    return false;
  }
  suspend();
  submit();
  return true;
}

void op::submit() noexcept {
  assert(!in_flight_ && "an operation is submitted that is in flight already");
  in_flight_ = true;
  driver_of(owner()).submit(*this);
}

void op::cancel() noexcept {
  // Once is enough: the kernel's answer does not matter, the operation's own completion comes
  // in any case (io/README.md, "Cancel versus complete").
  if (!in_flight_ || cancelling_) return;
  cancelling_ = true;
  driver_of(owner()).cancel(*this);
}

bool op::was_cancelled() const noexcept {
  // A worker thread that blocks in a system call is interrupted by the cancel: EINTR.
  return cancelling_ && (result_ == -ECANCELED || result_ == -EINTR);
}

std::error_code op::take_error() const noexcept {
  if (result_ >= 0) return {};
  if (!was_cancelled()) return std::error_code(-result_, std::system_category());
  return take_cancelled();
}

}  // namespace lariat::io::detail
