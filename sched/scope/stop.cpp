#include <lariat/sched/scope/stop.hpp>

namespace lariat::detail {

bool stoppable_base::start() {
  if (must_cancel()) {
    refused_ = true;
    return false;
  }
  const std::source_location site = waiter() == nullptr ? std::source_location() : waiter()->site();
  child_ = &start_child(task_context(), site);
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
  if (child_ != nullptr) {
    child_->cancel("stop was requested");
  } else {
    complete();  // The child had ended; only the request was still on its way.
  }
}

void stoppable_base::child_finished(context&, const std::exception_ptr& error) noexcept {
  child_ = nullptr;
  error_ = error;
  callback_.reset();  // After this no request comes any more; one may be in the inbox.
  if (!requested_ || arrived_) complete();
}

woken_by stoppable_base::depends_on(dependency_visitor& visit) const {
  if (child_ == nullptr) return woken_by::anything;
  (void)visit.task(*child_);
  return woken_by::all_of;
}

void stoppable_base::cancel() noexcept {
  cancelled_ = true;
  if (child_ != nullptr) child_->cancel("its awaiter was cancelled");
}

void stoppable_base::rethrow_error() const {
  if (refused_) throw_cancelled();
  if (error_ == nullptr) return;
  if (is_own_cancel(cancelled_, error_)) throw_cancelled();
  std::rethrow_exception(error_);
}

}  // namespace lariat::detail
