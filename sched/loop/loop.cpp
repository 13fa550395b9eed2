#include <lariat/sched/loop/loop.hpp>

#include <lariat/sched/coroutine/detail/thread_state.hpp>
#include <lariat/sched/coroutine/system_random.hpp>
#include <lariat/sched/loop/detail/debug_options.hpp>
#include <lariat/sched/loop/detail/loop_monitor.hpp>
#include <lariat/sched/loop/detail/task_text.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/thread/detail/backoff.hpp>
#include <lariat/sched/thread/detail/fork_listener.hpp>
#include <lariat/sched/thread/detail/process_object.hpp>
#include <lariat/sched/thread/detail/usable_cpus.hpp>

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace lariat {
namespace {

loop* current_loop() noexcept { return detail::this_thread_state().running_loop; }

// In a forked child no loop runs, though one runs on the thread that forked.
void forget_loop(void*) noexcept {
  if (current_loop() != nullptr) detail::own_thread_state().running_loop = nullptr;
}

void forget_loop_at_forks() {
  static constinit detail::process_object<detail::fork_listener> listener;
  (void)listener.get([] {
    return std::make_unique<detail::fork_listener>(
        detail::fork_listener::calls{.in_child = &forget_loop}, nullptr);
  });
}

constexpr clock_ns handoff_spin_default_ns = 50'000;  // The most that waking a thread takes.
constexpr int handoff_yields = 3;

// A deadline after this never comes: it is no_deadline, or the beginning of the timer slot of that.
constexpr clock_ns end_of_time = no_deadline / 2;

loop_limits checked(loop_limits limits) {
  if (limits.steps == 0) {
    throw std::invalid_argument("lariat: loop_limits: a turn that runs no step would never end");
  }
  if (limits.handoff_spin_ns < 0) limits.handoff_spin_ns = handoff_spin_default_ns;
  // Limits that are added to `now` are capped, so that the sum does not overflow.
  limits.turn_ns = std::min(limits.turn_ns, end_of_time);
  limits.spin_ns = std::min(limits.spin_ns, end_of_time);
  limits.handoff_spin_ns = std::min(limits.handoff_spin_ns, end_of_time);
  return limits;
}

}  // namespace

class loop::ambient final : public context {
 public:
  // Placed but not attached: it is no task, and must not be counted as one.
  explicit ambient(loop& owner) noexcept { place(owner, {}); }

 private:
  void first_run() noexcept override {}
};

loop::loop(lariat::driver& where, loop_limits limits)
    : driver_(where),
      turn_time_(where.now()),
      limits_(checked(limits)),
      // usable_cpus reads some files, so it is called only if the answer matters.
      one_cpu_(limits.handoff_spin_ns != 0 && detail::usable_cpus() == 1),
      debugged_(detail::debug_requested()),
      timers_(turn_time_) {
  forget_loop_at_forks();
}

loop::~loop() {
  // Another thread may still be in `post`, about to wake the loop for a step that has run already.
  while (wakes_done_.load(std::memory_order_acquire) != wakes_due_) ::sched_yield();
  failures_->set(nullptr, nullptr);  // Handles of failed tasks may outlive the loop.
  delete ambient_;
  if (live_ != 0 && detail::deadlock_checks()) [[unlikely]] {
    std::fputs("lariat: a loop was destroyed while tasks of it live:\n", stderr);
    for_each_task([](const context& task) {
      std::fprintf(stderr, "%s\n", detail::waiting_text(task).c_str());
    });
  }
  assert(live_ == 0 && "a loop was destroyed while tasks of it live: cancel and await them");
}

loop* loop::current() noexcept { return current_loop(); }

loop& loop::require(const char* operation) {
  if (loop* const running = current_loop(); running != nullptr) return *running;
  throw std::logic_error(std::string("lariat: ") + operation +
                         ": no loop runs on this thread; use run(), or runtime::spawn from "
                         "outside");
}

std::uint64_t loop::random() noexcept {
  loop* const running = current_loop();
  if (running != nullptr) {
    if (const auto number = running->driver_.random()) return *number;
  }
  return system_random();
}

context& loop::foreign_context() noexcept {
  if (ambient_ == nullptr) ambient_ = new ambient(*this);
  return *ambient_;
}

void loop::enter(context& task) noexcept {
  task.previous_ = last_;
  task.next_ = nullptr;
  (last_ == nullptr ? first_ : last_->next_) = &task;
  last_ = &task;
  ++live_;
  if (closed_) [[unlikely]]
    enter_closed(task);
}

void loop::enter_closed(context& task) noexcept {
  // The loop takes its unit of work again. If that is refused all loops are about to end; then the
  // task was made by a step without a unit, and is over before that end.
  if (gave_up_work_ && (work_ == nullptr || work_->try_add_within()))
    gave_up_work_ = drained_ = false;
  // Children of combinators are not cancelled here: an `uncancellable` cleanup may need them.
  if (task.parent() != nullptr) return;
  if (monitor_ != nullptr) monitor_->refused(task);
  task.cancel("the runtime is shutting down");
}

// Called when the loop is closed and idle. Only a task of another loop can bring it more work, so
// this loop no longer keeps all of them from ending.
void loop::give_up_work() noexcept {
  gave_up_work_ = true;
  if (work_ != nullptr) {
    work_->remove();
  } else {
    drained_ = true;
  }
}

bool loop::announce() noexcept {
  if (work_ == nullptr) return true;
  const loop* const here = current_loop();
  // A loop has a unit as long as a task lives on it.
  const bool by_task = here != nullptr && here->work_ == work_ && here->running_ != nullptr &&
                       here->running_->live();
  return by_task ? work_->try_add_within() : work_->try_add();
}

void loop::leave(context& task) noexcept {
  (task.previous_ == nullptr ? first_ : task.previous_->next_) = task.next_;
  (task.next_ == nullptr ? last_ : task.next_->previous_) = task.previous_;
  --live_;
  if (running_ == &task) running_ = nullptr;  // The task may be destroyed before the step is over.
}

void loop::cancel_all(std::string_view reason) noexcept {
  for_each_task([&](const context& task) {
    if (task.parent() == nullptr) const_cast<context&>(task).cancel(reason);
  });
}

void loop::close(std::string_view reason) noexcept {
  closed_ = true;
  detail::thread_state& here = detail::own_thread_state();
  loop* const outer =
      std::exchange(here.running_loop, this);  // As if it ran: cancels look at the running loop.
  cancel_all(reason);
  here.running_loop = outer;
}

void loop::post_from_signal(runnable& step) noexcept {
  if (!inbox_.push(step)) return;
  driver_.wake();
  wakes_done_.fetch_add(1, std::memory_order_release);  // As in `post`.
}

bool loop::in_frame_below(const void* address) noexcept {
  if (stack_end_ == nullptr) {
    pthread_attr_t attributes;
    if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return false;
    void* lowest = nullptr;
    std::size_t size = 0;
    ::pthread_attr_getstack(&attributes, &lowest, &size);
    ::pthread_attr_destroy(&attributes);
    stack_end_ = lowest;
  }
  return address < stack_base_ && address >= stack_end_;
}

void loop::post(runnable& step) noexcept {
  if (current_loop() == this) return ready(step);
  if (!inbox_.push(step)) return;  // By now the step may have run, and the loop be gone.
  driver_.wake();
  wakes_done_.fetch_add(1, std::memory_order_release);  // Pairs with ~loop, which waits for it.
}

void loop::run_until(const bool& done) {
  detail::thread_state& here = detail::own_thread_state();
  if (here.running_loop != nullptr) {
    throw std::logic_error(
        "lariat: run() was called from inside a running loop; co_await the task instead");
  }
  here.running_loop = this;
  const int frame = 0;
  stack_base_ = &frame;
  stack_end_ = nullptr;
  turn_time_ = driver_.now();
  while (!done) turn(done);
  here.running_loop = nullptr;
}

void loop::turn(const bool& done) noexcept {
  ++turns_;
  run_ready(done);
  if (done) return;
  inbox_.drain(ready_);
  // Where work is shared the ready steps need not be run first: each has a unit of its own, or
  // serves tasks, and no task lives here. Waiting for an empty queue could last for ever, as other
  // threads may keep posting.
  if (closed_ && live_ == 0 && !gave_up_work_ && (!has_ready() || work_ != nullptr)) [[unlikely]]
    give_up_work();
  if (done) return;
  if (has_ready()) {
    driver_.poll();
  } else {
    sleep();
  }
  // Without timers nobody needs the exact time, and reading it costs enough to show in benchmarks.
  if (timers_.size() == 0) {
    turn_time_ = driver_.coarse_now();
    return;
  }
  turn_time_ = driver_.now();
  timers_.advance(turn_time_, [this](runnable& step) { ready_.push(step); });
}

void loop::use_priorities() noexcept {
  if (levels_) return;
  levels_.emplace();
  // `run_ready`, if it runs, ends after this step; it is not used any more.
  level_steps_ = std::exchange(limits_.steps, 0);
}

bool loop::run_nested(context& task) noexcept {
  if (nested_ == nested_max) return false;
  ++nested_;
  context* const outer = running_;  // It lives: its step is on the stack.
  task.run();
  running_ = outer;
  --nested_;
  return true;
}

// As `run_ready`. What has become ready is sorted before each step, so that queueing it costs
// nothing more than in a loop without priorities.
void loop::run_levels(const bool& done) noexcept {
  clock_ns end = 0;
  for (std::uint32_t steps = 0; steps < level_steps_;) {
    levels_->sort(ready_);
    runnable* const step = levels_->pop();
    if (step == nullptr) return;
    // The clock is looked at after each step of low priority: nothing urgent should wait for the
    // kernel to be asked while there is time for these.
    const std::uint32_t before = steps;
    steps += levels_->took_low() ? 16 : 1;
    step->run();
    running_ = nullptr;
    if (done) return;
    if (steps / 16 == before / 16) continue;
    const clock_ns now = driver_.now();
    if (end == 0) end = now + limits_.turn_ns;
    if (now >= end) return;
  }
}

void loop::run_ready(const bool& done) noexcept {
  if (levels_) [[unlikely]]
    return run_levels(done);
  clock_ns end = 0;
  for (std::uint32_t steps = 1; steps <= limits_.steps; ++steps) {
    runnable* step = ready_.pop();
    if (step == nullptr) return;
    step->run();
    running_ = nullptr;
    if (done) return;
    if (steps % 16 != 0) continue;
    const clock_ns now = driver_.now();
    if (steps == 16) end = now + limits_.turn_ns;  // Most turns are shorter, and read no clock.
    if (now >= end) return;
  }
}

void loop::sleep() noexcept {
  clock_ns spin_ns = limits_.spin_ns;
  if (std::exchange(new_handoff_, false) && handoffs_ > 0 && limits_.handoff_spin_ns > 0) {
    if (one_cpu_ && yield_to_threads()) return;
    if (!one_cpu_) spin_ns = std::max(spin_ns, limits_.handoff_spin_ns);
  }
  if (spin_ns > 0 && spin(spin_ns)) return;
  if (!inbox_.try_sleep()) {
    inbox_.drain(ready_);
    driver_.poll();
    return;
  }
  park();
  // The thread that pushed first while the loop slept wakes it, perhaps only after this; ~loop
  // waits for that.
  if (inbox_.drain(ready_)) ++wakes_due_;
  if (monitor_ != nullptr && !ready_.empty()) [[unlikely]]
    monitor_->woken();
}

void loop::park() noexcept {
  clock_ns until = timers_.next_wake();
  if (monitor_ != nullptr && until > end_of_time) [[unlikely]]
    until = std::min(until, monitor_->before_sleep());
  driver_.park(until);
}

// Replaces `spin` on one CPU, which the other threads need to get anything done.
bool loop::yield_to_threads() noexcept {
  driver_.poll();
  for (int i = 0; i < handoff_yields && ready_.empty(); ++i) {
    ::sched_yield();
    inbox_.drain(ready_);
  }
  return !ready_.empty();
}

// True if a step became ready. What has been queued for the kernel is submitted first.
bool loop::spin(clock_ns limit) noexcept {
  // By the real clock: a simulated clock stands still meanwhile.
  const clock_ns end = monotonic_now() + limit;
  // Looking all the time would take results one by one, and delay each post by contention for the
  // inbox's cache line.
  const unsigned looks_apart = many_handoffs() ? 16 : 1;
  unsigned looks = 0;
  const auto found = [&] {
    if (++looks % looks_apart == 0 && inbox_.maybe_filled()) inbox_.drain(ready_);
    return !ready_.empty();
  };
  do {
    driver_.poll();
    if (detail::spin_until(64, found)) return true;
  } while (monotonic_now() < end && driver_.now() < timers_.next_deadline());
  return false;
}

}  // namespace lariat
