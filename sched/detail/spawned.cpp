#include <lariat/sched/detail/spawned.hpp>

#include <lariat/sched/detail/is_cancelled.hpp>

#include <string>

namespace lariat::detail {
namespace {

// What another thread asks of a task's loop. Deletes itself.
template <class Action>
class message final : public runnable {
 public:
  explicit message(Action action) : action_(std::move(action)) {}
  void run() noexcept override {
    action_();
    delete this;
  }

 private:
  Action action_;
};

template <class Action>
void send(loop& where, Action action) {
  where.post(*new message<Action>(std::move(action)));
}

}  // namespace

void spawned::launch(loop& where, std::source_location site, spawn_scope* scope,
                     const context* parent) noexcept {
  place(where, parent, site);
  scope_ = scope;
  if (scope != nullptr) {
    scope_previous_ = scope->last_;
    (scope->last_ == nullptr ? scope->first_ : scope->last_->scope_next_) = this;
    scope->last_ = this;
    ++scope->count_;
  }
  if (loop::current() == &where) {
    attach();
    where.ready(*this);
  } else {
    where.post(*this);
  }
}

void spawn_scope::cancel_children(std::string_view reason) noexcept {
  for (spawned* each = first_; each != nullptr;) {
    spawned* next = each->scope_next_;
    each->cancel(reason);
    each = next;
  }
}

void spawned::leave_scope(const std::exception_ptr* error) noexcept {
  if (scope_ == nullptr) return;
  (scope_previous_ == nullptr ? scope_->first_ : scope_previous_->scope_next_) = scope_next_;
  (scope_next_ == nullptr ? scope_->last_ : scope_next_->scope_previous_) = scope_previous_;
  --scope_->count_;
  static const std::exception_ptr none;
  mark_retrieved();  // The scope takes errors on.
  scope_->scope_child_finished(*this, error == nullptr ? none : *error);
}

void spawned::run() noexcept {
  if (!live()) attach();
  try {
    if (must_cancel()) throw_cancelled();  // Cancelled before the start: it never runs.
    begin();
    return;
  } catch (...) {
    store_failure(std::current_exception());
  }
  finish();
}

void spawned::finish() noexcept {
  detach();
  const std::exception_ptr* error = failure();
  leave_scope(error);
  join_waiter* waiter = std::exchange(waiters_, nullptr);
  const bool held = handle_held_;
  if (!held && waiter == nullptr) {
    report_unseen();
    delete this;
    return;
  }
  // From here on a handle on another thread may read the result. Pairs with `done`.
  done_.store(true, std::memory_order_release);
  while (waiter != nullptr) {
    join_waiter* next = std::exchange(waiter->next_, nullptr);
    waiter->joined();
    waiter = next;
  }
}

void spawned::report_unseen() noexcept {
  const std::exception_ptr* error = failure();
  if (retrieved_ || error == nullptr || is_cancelled(*error)) return;
  retrieved_ = true;
  owner()->report(unhandled_failure(*this, *error));
}

void spawned::release() noexcept {
  if (loop::current() == owner()) return release_on_loop();
  if (done()) {
    // Nobody else touches it any more. A failure is told to the loop's hook, which takes it from
    // any thread.
    report_unseen();
    delete this;
    return;
  }
  send(*owner(), [this] { release_on_loop(); });
}

void spawned::release_on_loop() noexcept {
  handle_held_ = false;
  if (!done()) return;
  report_unseen();
  delete this;
}

void spawned::request_cancel(std::string_view reason) noexcept {
  if (done()) return;
  if (loop::current() == owner()) return cancel(reason);
  send(*owner(), [this, text = std::string(reason)] {
    if (!done()) cancel(text);
  });
}

bool spawned::add_waiter(join_waiter& waiter) noexcept {
  if (done()) return false;
  join_waiter** last = &waiters_;
  while (*last != nullptr) last = &(*last)->next_;
  *last = &waiter;
  return true;
}

void spawned::remove_waiter(join_waiter& waiter) noexcept {
  for (join_waiter** each = &waiters_; *each != nullptr; each = &(*each)->next_) {
    if (*each == &waiter) {
      *each = std::exchange(waiter.next_, nullptr);
      return;
    }
  }
}

}  // namespace lariat::detail
