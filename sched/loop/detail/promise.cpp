#include <lariat/sched/loop/detail/promise.hpp>

#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/text/detail/site_text.hpp>

#include <stdexcept>
#include <string>

namespace lariat::detail {

// A coroutine_handle finds the promise at an offset in the frame that depends on the alignment of
// its type. The handle of the base must find it at the same offset as that of each derived promise.
static_assert(alignof(promise_base) <= 2 * sizeof(void*));

static_assert(alignof(context) > 3);  // Two low bits of its address are tags.

const promise_base* promise_base::awaiter() const noexcept {
  if ((context_ & by_no_task) != 0 || continuation_ == nullptr) return nullptr;
  return &std::coroutine_handle<promise_base>::from_address(continuation_.address()).promise();
}

void promise_base::start_for_foreign() {
  set_root(loop::require("co_await of a task").foreign_context());
}

void promise_base::check_start() const {
  if (context_ != 0) throw_task_awaited_twice();
  loop* current = loop::current();
  if (current == nullptr || !current->in_frame_below(continuation_.address())) return;
  throw std::logic_error(
      "lariat: this coroutine is a lambda with captures, and the lambda is gone: it was called in "
      "a function that has returned. Pass the lambda itself, as spawn(lambda, args...), or pass "
      "what it captures as arguments");
}

void throw_task_awaited_twice() {
  throw std::logic_error(
      "lariat: an empty task was awaited: it was moved from, or awaited before (a task runs once)");
}

}  // namespace lariat::detail
