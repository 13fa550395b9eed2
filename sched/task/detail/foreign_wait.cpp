#include <lariat/sched/task/detail/foreign_wait.hpp>

#include <lariat/sched/coroutine/detail/behalf.hpp>
#include <lariat/sched/coroutine/detail/thread_state.hpp>
#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/detail/running_task.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/loop/operation.hpp>

#include <cassert>
#include <cstdint>
#include <new>
#include <stdexcept>

namespace lariat::detail {
namespace {

// How many resumes may be nested: each runs below the resume of a coroutine that has ended, and
// takes some stack.
constexpr std::uint32_t inline_resumes_max = 128;

}  // namespace

class foreign_wait::waiting final : public lariat::operation {
 public:
  explicit waiting(std::coroutine_handle<promise_base> caller) noexcept
      : on_pool_(caller.promise().on_pool()) {
    prepare(caller);
  }
  using operation::must_cancel;
  using operation::suspend;
  using operation::suspended;
  using operation::task_context;
  using operation::throw_cancelled;
  using operation::unsuspend;

  // A foreign awaitable cannot be cancelled; the cancel stays pending.
  void cancel() noexcept override {}
  [[nodiscard]] operation_info info() const noexcept override { return {"a foreign awaitable"}; }

  void run() noexcept override {
    if (!on_pool_) return operation::run();
    resume_on_pool(task_context(), caller());
  }
  // Called on a worker that runs the task now.
  void go_on() noexcept { caller().resume(); }

 private:
  bool on_pool_;
};

foreign_wait::waiting& foreign_wait::operation() noexcept {
  return *std::launder(reinterpret_cast<waiting*>(place_));
}

const foreign_wait::waiting& foreign_wait::operation() const noexcept {
  return *std::launder(reinterpret_cast<const waiting*>(place_));
}

foreign_wait::~foreign_wait() {
  if (!begun_) return;
  waiting& own = operation();
  // The owner of the coroutine may destroy it while it waits, if the awaitable's awaiter handles
  // its own destruction; but not while it is queued.
  if (own.suspended() && !on_its_way_.load(std::memory_order_relaxed)) own.unsuspend();
  own.~waiting();
}

std::coroutine_handle<promise_base> foreign_wait::begin(
    std::coroutine_handle<promise_base> caller) noexcept {
  static_assert(sizeof(waiting) <= sizeof place_ && alignof(waiting) <= alignof(void*));
  begun_ = true;
  waiting& own = *::new (static_cast<void*>(place_)) waiting(caller);
  promise().stand_in_for(caller.promise());
  if (promise().on_pool())
    return handle();  // Only the loop's thread may read the rest of the context.
  refused_ = own.must_cancel();
  if (refused_) return nullptr;
  suspending_ = true;
  if (own.task_context().live())
    own.suspend();  // Not live: the context that foreign coroutines share.
  return handle();
}

void foreign_wait::not_suspended() noexcept {
  suspending_ = false;
  if (operation().suspended()) operation().unsuspend();
}

void foreign_wait::resumed(stand_in* self) noexcept {
  static_cast<foreign_wait*>(self)->come_back(true);
}

void foreign_wait::destroyed(stand_in* self) noexcept {
  auto& wait = *static_cast<foreign_wait*>(self);
  wait.destroyed_ = true;
  // Not at once: code that destroys a handle does not expect a task to run.
  wait.come_back(false);
}

void foreign_wait::come_back(bool at_once) noexcept {
  const context& task = *promise().task_context();
  if (!promise().on_pool()) return come_back_to(*task.owner(), at_once);
  if (at_once && computing_task() == &task &&
      ++this_thread_state().inline_resumes % inline_resumes_max != 0) {
    return operation().go_on();
  }
  task.computing_on()->post(operation());
}

void foreign_wait::come_back_to(loop& home, bool at_once) noexcept {
  waiting& own = operation();
  const bool here = loop::current() == &home;
  // In a step of the task itself: the coroutine that it awaited has ended, so the task can go on at
  // once. Now and then it goes through the ready queue all the same, to bound the stack, and not to
  // starve other tasks.
  if (here && at_once && !suspending_ && home.running() == &own.task_context() &&
      !home.spend_budget()) [[likely]]
    return own.run();
  assert(!on_its_way_ && "what a task awaited has resumed it twice");
  on_its_way_.store(true, std::memory_order_relaxed);
  // Last: from here on the loop may resume the task. It is queued even on the loop's own thread,
  // because the code that resumes it is in the middle of something: of another task, a cancel, or
  // the awaitable's `await_suspend`.
  home.post(own);
}

void foreign_wait::throw_reason() const {
  if (refused_) operation().throw_cancelled();
  throw std::runtime_error(
      "lariat: what a task awaited has destroyed the task's handle instead of resuming it");
}

}  // namespace lariat::detail
