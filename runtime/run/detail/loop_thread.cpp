#include <lariat/runtime/run/detail/loop_thread.hpp>

#include <lariat/runtime/observe/detail/registry.hpp>
#include <lariat/runtime/observe/dump.hpp>
#include <lariat/sched/coroutine/detail/thread_state.hpp>
#include <lariat/sched/loop/detail/debug_options.hpp>
#include <lariat/sched/thread/detail/affinity.hpp>
#include <lariat/sched/thread/detail/name_thread.hpp>
#include <lariat/sched/time/timer.hpp>

#include <cstdio>
#include <utility>

namespace lariat::detail {
namespace {

constexpr const char* shutdown_reason = "the runtime is shutting down";

io::loop_driver_options driver_options(const runtime_options& options) {
  io::loop_driver_options chosen;
  chosen.entries = options.ring_entries;
  return chosen;
}

}  // namespace

runtime* running_runtime() noexcept {
  // In a child that a task has forked no loop runs.
  return loop::current() == nullptr ? nullptr : static_cast<runtime*>(this_thread_state().runtime);
}

loop_thread::loop_thread(const runtime_options& options, int cpu, outstanding_work& work,
                         stuck_report& stuck)
    : grace_(options.shutdown_grace_ns),
      cpu_(cpu),
      driver_(driver_options(options)),
      loop_(driver_, options.limits),
      closer_(*this, [](loop_thread& thread) { thread.close_here(); }),
      ender_(*this,
             [](loop_thread& thread) {
               thread.ended_ = true;
               if (thread.grace_timer_.armed()) thread.loop_.timers().cancel(thread.grace_timer_);
             }),
      sweeper_(*this, [](loop_thread& thread) { thread.swept_ = true; }),
      reminder_(*this, [](loop_thread& thread) { thread.remind(); }),
      grace_timer_(reminder_) {
  loop_.share_work(work);
  if (deadlock_checks()) loop_.monitor_by(&monitor_.emplace(loop_, stuck));
}

void loop_thread::start_thread(runtime& owner, std::size_t index) {
  thread_ = std::thread([this, &owner, index] {
    name_this_thread("lariat", index);
    run_to_end(owner);
  });
}

bool loop_thread::belongs_here() const noexcept {
  return never_ran() || runner_ == std::this_thread::get_id();
}

void loop_thread::run_here(runtime& owner, const bool& done) {
  runner_ = std::this_thread::get_id();
  const pinned_thread pin(cpu_);
  const registered_loop entry(loop_);
  thread_state& here = own_thread_state();
  here.runtime = &owner;
  loop_.run_until(done);
  here.runtime = nullptr;
}

void loop_thread::close() noexcept {
  if (has_thread()) {
    loop_.post(closer_);
  } else {
    close_here();  // Before tasks that are ready: one that has not begun does not begin.
  }
}

void loop_thread::close_here() noexcept {
  if (debug_requested() && loop_.live() > 0) {
    std::fprintf(stderr, "lariat: tasks that live when the runtime ends, and are cancelled:\n%s",
                 task_tree(loop_).c_str());
  }
  loop_.close(shutdown_reason);
  start_grace();
}

void loop_thread::run_to_end(runtime& owner) {
  run_here(owner, ended_);
  // Nobody finds the loop any more, but somebody who did may have left a question.
  loop_.post(sweeper_);
  loop_.run_until(swept_);
  driver_.drain();
}

void loop_thread::join() {
  if (thread_.joinable()) thread_.join();
}

void loop_thread::start_grace() noexcept {
  if (grace_ <= 0) return;
  loop_.timers().insert(grace_timer_, deadline_after(loop_.now(), grace_));
}

void loop_thread::remind() noexcept {
  if (ended_) return;
  if (loop_.live() > 0) {
    std::fprintf(stderr, "lariat: tasks that have not ended %.3g s after their cancel:\n%s",
                 static_cast<double>(grace_) / 1e9, task_tree(loop_).c_str());
    loop_.cancel_all(shutdown_reason);
  }
  start_grace();
}

}  // namespace lariat::detail
