#include <lariat/sched/operation.hpp>

#include <lariat/sched/loop.hpp>

#include <cassert>
#include <cstdio>
#include <cstdlib>

namespace lariat {

operation::operation(const operation& other) noexcept : runnable(other) {
  assert(!other.suspended_ && "an operation cannot be moved while a task waits in it");
}

operation::~operation() {
  if (!suspended_) [[likely]]
    return;
  // What completes it would write to freed memory: no way to go on, in release too.
  std::fputs(
      "lariat: a coroutine was destroyed while an operation that it awaits was in flight. "
      "Cancel the task and await it instead.\n",
      stderr);
  std::abort();
}

void operation::adopt_current_loop() noexcept {
  loop* current = loop::current();
  if (current == nullptr) {
    std::fputs("lariat: an operation was awaited on a thread that runs no loop.\n", stderr);
    std::abort();
  }
  context_ = &current->foreign_context();
}

void operation::suspend() noexcept {
  suspended_ = true;
  if (!awaited_by_task_) return;  // Many foreign coroutines share a context: none is cancelled.
  context_->waiting_in_ = this;
  context_->waiting_since_ = context::coarse(owner().turn_time());
}

void operation::complete() noexcept { owner().ready(*this); }

void operation::run() noexcept {
  suspended_ = false;
  if (awaited_by_task_) context_->waiting_in_ = nullptr;
  caller_.resume();
}

}  // namespace lariat
