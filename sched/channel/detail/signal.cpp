#include <lariat/sched/channel/detail/signal.hpp>

#include <stdexcept>
#include <string>

namespace lariat::detail {

void raise(signal& happened) noexcept {
  signal_wait* waiter = happened.raise();
  if (waiter != nullptr) waiter->owner().post(*waiter);
}

bool signal_wait::start() {
  if (must_cancel()) {
    cancelled_ = true;
    return false;
  }
  if (awaited_->awaited()) {
    throw std::logic_error(std::string("lariat: ") + info().name + ": another task awaits it");
  }
  if (!awaited_->wait(*this)) return false;
  // Another thread may have posted it by now; but this loop runs it when this has returned.
  suspend();
  return true;
}

void signal_wait::cancel() noexcept {
  if (cancelled_ || !awaited_->withdraw(*this)) return;  // It is on its way.
  cancelled_ = true;
  complete();
}

}  // namespace lariat::detail
