#include <lariat/sched/scope/stop.hpp>

#include <string_view>

namespace lariat::detail {

bool stoppable_base::start() {
  if (refuse_if_cancelled()) return false;
  child_started(start_child(task_context(), await_site()));
  suspend();
  callback_.emplace(token_, on_stop{*this});  // Runs the callback if stop was requested before.
  return true;
}

// Runs on the thread that requests stop. The operation is alive until this returns: it completes
// only after `child_finished` has destroyed the callback, and destroying it waits for this to
// return, which also makes `requested_` visible there.
void stoppable_base::on_stop::operator()() const noexcept {
  owner.requested_ = true;
  owner.owner().post(owner.request_);
}

void stoppable_base::stop_arrived() noexcept {
  arrived_ = true;
  if (context* const child = running_child(); child != nullptr) {
    const bool told = source_ != nullptr && !source_->reason().empty();
    child->cancel(told ? std::string_view(source_->reason()) : "stop was requested");
  } else {
    complete();  // The child ended before the request arrived; see `child_finished`.
  }
}

void stoppable_base::child_finished(context& child, const std::exception_ptr& error) noexcept {
  child_ended(child, error);
  // After this no request can be made. If one was made before and has not arrived yet, this object
  // has to live until the request's step, a member, has run; so that step completes the operation.
  callback_.reset();
  if (!requested_ || arrived_) complete();
}

}  // namespace lariat::detail
