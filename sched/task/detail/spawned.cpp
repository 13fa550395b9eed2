#include <lariat/sched/task/detail/spawned.hpp>

#include <lariat/sched/cancel/detail/is_cancelled.hpp>
#include <lariat/sched/executor/runtime_closed.hpp>
#include <lariat/sched/loop/detail/running_task.hpp>
#include <lariat/sched/loop/operation.hpp>

#include <cassert>
#include <stdexcept>
#include <string>

namespace lariat::detail {

// A request of another thread to a task's loop. Deletes itself.
template <class Action>
class spawned::message final : public runnable {
 public:
  message(spawned& record, Action action) : record_(record), action_(std::move(action)) {
    record_.state_.refer();
  }
  void run() noexcept override {
    action_();
    if (record_.state_.drop()) delete &record_;
    delete this;
  }

 private:
  spawned& record_;
  Action action_;
};

bool spawned::post(runnable& step) noexcept {
  if (!state_.try_send()) return false;
  owner()->post(step);
  state_.sent();
  return true;
}

template <class Action>
bool spawned::send(Action action) noexcept {
  if (!state_.try_send()) return false;
  owner()->post(*new message<Action>(*this, std::move(action)));
  state_.sent();
  return true;
}

inline void spawned::prepare(loop& where, std::source_location site) {
  place(where, site);
  if (const context* const maker = running_task()) inherit_from(*maker);
}

inline void spawned::start(loop& where) {
  if (loop::current() == &where) {
    attach();
    where.ready(*this);
    return;
  }
  // Announced last, when nothing can throw any more: a loop waits for ever for a step that was
  // announced and not posted.
  if (!where.announce()) throw runtime_closed("spawn");
  where.post(*this);
}

void spawned::launch(loop& where, std::source_location site) {
  prepare(where, site);
  start(where);
}

void spawned::launch(loop& where, std::source_location site, const task_priority* priority,
                     bool eager) {
  prepare(where, site);
  if (priority != nullptr) set_priority(*priority);
  if (!eager || loop::current() != &where) return start(where);
  attach();
  if (!where.run_nested(*this)) where.ready(*this);
}

scope_link::scope_link(spawn_scope& scope, const context& parent, spawned& task) noexcept
    : scope_(scope), parent_(parent), task_(task), previous_(scope.last_) {
  (previous_ == nullptr ? scope.first_ : previous_->next_) = this;
  scope.last_ = this;
  ++scope.count_;
  if (scope.cancels_) task.cancel("its group is ending");
}

void scope_link::leave(const std::exception_ptr& error) noexcept {
  (previous_ == nullptr ? scope_.first_ : previous_->next_) = next_;
  (next_ == nullptr ? scope_.last_ : next_->previous_) = previous_;
  --scope_.count_;
  scope_.scope_child_finished(task_, error);
}

void spawn_scope::cancel_children(std::string_view reason) noexcept {
  cancels_ = true;
  for (scope_link* each = first_; each != nullptr;) {
    scope_link* next = each->next_;
    each->task_.cancel(reason);
    each = next;
  }
}

void spawn_scope::visit_children(dependency_visitor& visit) const {
  for (const scope_link* each = first_; each != nullptr; each = each->next_) {
    if (!visit.task(each->task_)) return;
  }
}

void spawned::first_run() noexcept {
  if (!live()) {
    attach();
    use_priority();
    owner()->arrived();
  }
  try {
    if (!must_cancel()) return begin();
    store_failure(take_cancelled());  // Cancelled before the start: the body never runs.
  } catch (...) {
    store_failure(std::current_exception());
  }
  finish();
}

void spawned::finish() noexcept {
  const std::exception_ptr* error = failure();
  detach(error == nullptr);
  if (scope_link* place = link()) {
    mark_retrieved();  // The scope reports errors.
    place->leave(error == nullptr ? std::exception_ptr() : *error);
  }
  if (unseen(error)) {
    if (handle_held_) {
      keep_failure_sink();  // The handle may outlive the loop.
    } else {
      owner()->report(unhandled_failure(*this, *error));
    }
  }
  join_waiter* waiter = std::exchange(waiters_, nullptr);
  if (state_.end()) {
    delete this;
    return;
  }
  // From here on the record belongs to the handle, and may be gone.
  while (waiter != nullptr) {
    join_waiter* next = std::exchange(waiter->next_, nullptr);
    waiter->joined();
    waiter = next;
  }
}

bool spawned::unseen(const std::exception_ptr* error) const noexcept {
  return !retrieved_ && error != nullptr && !is_cancelled(*error);
}

void spawned::release() noexcept {
  if (!done()) {
    if (loop::current() == owner()) {
      assert(waiters_ == nullptr && "a join_handle was dropped while a task awaits it");
      handle_held_ = false;
      [[maybe_unused]] const bool last = state_.drop_alone();
      assert(!last && "the task refers to its record until it has ended");
      return;
    }
    if (send([this] { let_go(); })) return;
  }
  let_go();
}

// On the loop's thread, or, after the task's end, on the handle's.
void spawned::let_go() noexcept {
  if (!done()) {
    handle_held_ = false;
  } else if (const std::exception_ptr* error = failure(); unseen(error)) {
    report_to_sink(*error);
  }
  if (state_.drop()) delete this;
}

void spawned::request_cancel(std::string_view reason) noexcept {
  if (done()) return;
  if (loop::current() == owner()) return cancel(reason);
  (void)send([this, text = std::string(reason)] {
    if (!done()) cancel(text);
  });
}

void spawned::throw_result_taken() {
  throw std::logic_error("lariat: join_handle: the task's result has been taken before");
}

bool spawned::add_waiter(join_waiter& waiter) noexcept {
  if (done()) return false;
  join_waiter** last = &waiters_;
  while (*last != nullptr) last = &(*last)->next_;
  *last = &waiter;
  return true;
}

bool spawned::remove_waiter(join_waiter& waiter) noexcept {
  for (join_waiter** each = &waiters_; *each != nullptr; each = &(*each)->next_) {
    if (*each == &waiter) {
      *each = std::exchange(waiter.next_, nullptr);
      return true;
    }
  }
  return false;
}

}  // namespace lariat::detail
