#include <lariat/io/detail/op.hpp>

#include <lariat/sched/cancelled.hpp>
#include <lariat/sched/loop.hpp>

#include <cerrno>

namespace lariat::io::detail {
namespace {

// Every loop that runs io operations has an io_driver: runtime/ makes no others.
io_driver& driver_of(loop& owner) noexcept { return static_cast<io_driver&>(owner.driver()); }

}  // namespace

bool op::start() noexcept {
  if (preset_) return false;
  if (must_cancel()) {
    cancelling_ = true;
    result_ = -ECANCELED;
    return false;
  }
  in_flight_ = true;
  suspend();
  driver_of(owner()).submit(*this);
  return true;
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

void io_driver::note(op& operation, std::int32_t result, std::uint32_t flags) noexcept {
  operation.result_ = result;
  operation.flags_ = flags;
}

}  // namespace lariat::io::detail
