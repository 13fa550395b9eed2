#include <lariat/sched/scope/task_group.hpp>

#include <lariat/sched/cancel/detail/is_cancelled.hpp>

#include <stdexcept>

namespace lariat {

void task_group::open(loop& owner, const context& parent) noexcept {
  owner_ = &owner;
  parent_ = &parent;
}

detail::scoped_place task_group::spawn_here() {
  if (loop::current() != owner_) {
    throw std::logic_error(
        "lariat: task_group::spawn: called on another thread than the group's, "
        "such as a pool's worker");
  }
  if (closed_) throw std::logic_error("lariat: task_group::spawn: the group has ended");
  return {*owner_, *this, *parent_};
}

void task_group::cancel(std::string_view reason) noexcept {
  ending_ = true;
  cancel_body(reason);
  cancel_children(reason);
}

void task_group::fail(const std::exception_ptr& error) noexcept {
  errors_.push_back(error);
  if (!ending_) cancel("another task of the group failed");
}

void task_group::scope_child_finished(context&, const std::exception_ptr& error) noexcept {
  if (error != nullptr) {
    if (detail::is_cancelled(error)) {
      child_cancelled();
    } else {
      fail(error);
    }
  }
  if (size() == 0) children_ended();
}

namespace detail {

bool group_operation_base::start() {
  if (must_cancel()) {
    refused_ = true;
    return false;
  }
  open(owner(), task_context());
  try {
    body_ = &start_body(task_context(), await_site());
  } catch (...) {
    // A body that is no coroutine may have spawned children before it threw; they have to be waited
    // for.
    if (size() == 0) throw;
    fail(std::current_exception());
  }
  suspend();
  return true;
}

woken_by group_operation_base::depends_on(dependency_visitor& visit) const {
  if (body_ == nullptr || visit.task(*body_)) visit_children(visit);
  return woken_by::any_of;  // See child_group.
}

void group_operation_base::cancel() noexcept {
  cancelled_ = true;
  task_group::cancel("its awaiter was cancelled");
}

void group_operation_base::cancel_body(std::string_view reason) noexcept {
  if (body_ != nullptr) body_->cancel(reason);
}

void group_operation_base::child_cancelled() noexcept {
  if (cancelled_) cut_short_ = true;
}

void group_operation_base::child_finished(context& body, const std::exception_ptr& error) noexcept {
  body_ = nullptr;
  keep_locals_of(body);
  if (is_cancelled(error)) {
    body_cancelled_ = error;
    child_cancelled();
    // The body was cancelled by something else than this group. It has ended early all the same, so
    // its children end too.
    if (!ending()) task_group::cancel("the group's body was cancelled");
  } else if (error != nullptr) {
    fail(error);
  }
  if (size() == 0) end();
}

void group_operation_base::children_ended() noexcept {
  if (body_ == nullptr) end();
}

void group_operation_base::end() noexcept {
  close();
  complete();
}

void group_operation_base::rethrow_error() const {
  if (refused_) throw_cancelled();
  if (!errors().empty()) throw exception_group("task_group", errors());
  if (cut_short_) throw_cancelled();
  if (body_cancelled_ == nullptr) return;
  if (is_own_cancel(cancelled_, body_cancelled_)) throw_cancelled();
  std::rethrow_exception(body_cancelled_);
}

}  // namespace detail
}  // namespace lariat
