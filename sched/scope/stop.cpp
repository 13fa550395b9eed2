#include <lariat/sched/scope/stop.hpp>

namespace lariat::detail {

bool stoppable_base::start() {
  if (refuse_if_cancelled()) return false;
  child_started(start_child(task_context(), await_site()));
  suspend();
  callback_.emplace(token_, on_stop{*this});  // If stop was requested before, it runs here.
  return true;
}

// On the requester's thread. The callback's deregistration waits for this to return, so the
// operation is alive; the post is what hands `requested_` over.
void stoppable_base::on_stop::operator()() const noexcept {
  owner.requested_ = true;
  owner.owner().post(owner.request_);
}

void stoppable_base::stop_arrived() noexcept {
  arrived_ = true;
  if (context* const child = running_child(); child != nullptr) {
    child->cancel("stop was requested");
  } else {
    complete();  // The child had ended; only the request was still on its way.
  }
}

void stoppable_base::child_finished(context&, const std::exception_ptr& error) noexcept {
  child_ended(error);
  callback_.reset();  // After this no request comes any more; one may be in the inbox.
  if (!requested_ || arrived_) complete();
}

}  // namespace lariat::detail
