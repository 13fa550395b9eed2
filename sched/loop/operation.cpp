#include <lariat/sched/loop/operation.hpp>

#include <lariat/sched/cancel/detail/is_cancelled.hpp>
#include <lariat/sched/loop/detail/task_text.hpp>
#include <lariat/sched/text/detail/site_text.hpp>

#include <cstdio>
#include <cstdlib>

namespace lariat {

void operation::die_suspended() const noexcept {
  // What completes the operation would write to freed memory, so the program cannot go on, in
  // release builds either. The frame still exists, but of this object only the base.
  const std::string place = waiter() == nullptr ? "?" : detail::site_text(waiter()->site());
  std::fprintf(stderr,
               "lariat: a coroutine was destroyed while an operation that it awaits was in flight, "
               "at %s in %s. Cancel the task and await it instead.\n",
               place.c_str(), detail::task_text(*context_).c_str());
  std::abort();
}

void operation::adopt_current_loop() noexcept {
  loop* current = loop::current();
  if (current == nullptr) {
    std::fprintf(stderr, "lariat: %s was awaited on a thread that runs no loop.\n", info().name);
    std::abort();
  }
  context_ = &current->foreign_context();
}

bool operation::is_own_cancel(bool passed_on, const std::exception_ptr& error) const noexcept {
  return passed_on && context_->cancel_pending() && detail::is_cancelled(error);
}

std::error_code operation::take_cancelled() const noexcept {
  (void)context_->take_cancelled();  // Delivered: the caller sees it as an error code.
  return std::make_error_code(std::errc::operation_canceled);
}

task_priority operation::ready_level() const noexcept {
  return context_ == nullptr ? task_priority::normal : context_->priority();
}

void operation::run() noexcept {
  suspended_ = false;
  if (awaited_by_task_) {
    context_->waiting_in_ = nullptr;
    owner().set_running(*context_);
  }
  caller_.resume();
}

}  // namespace lariat
