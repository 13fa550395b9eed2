#include <lariat/sched/channel/detail/baton.hpp>

#include <stdexcept>
#include <string>

namespace lariat::detail {

void raise(baton& happened) noexcept {
  baton_wait* waiter = happened.raise();
  if (waiter != nullptr) waiter->owner().post(*waiter);
}

bool baton_wait::start() {
  if (must_cancel()) {
    cancelled_ = true;
    return false;
  }
  if (awaited_->awaited()) {
    throw std::logic_error(std::string("lariat: ") + info().name + ": another task awaits it");
  }
  if (!awaited_->wait(*this)) return false;
  // Another thread may have posted it already, but this loop runs it only after this has returned.
  suspend();
  return true;
}

void baton_wait::cancel() noexcept {
  if (cancelled_ || !awaited_->withdraw(*this)) return;  // It was told, and is queued already.
  cancelled_ = true;
  complete();
}

}  // namespace lariat::detail
