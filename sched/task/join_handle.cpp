#include <lariat/sched/task/join_handle.hpp>

#include <lariat/sched/coroutine/detail/thread_state.hpp>
#include <lariat/sched/loop/detail/debug_options.hpp>
#include <lariat/sched/report/detail/wait_chain.hpp>

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>

namespace lariat::detail {

bool join_operation_base::start() {
  const bool cancelled_before = must_cancel();
  if (cancelled_before && on_cancel_ == on_cancel::only_stop_waiting) {
    stopped_waiting_ = true;
    return false;
  }
  const bool here = loop::current() == record_->owner();
  // A deadlock is possible only if the awaited task waits for something, or is this one.
  if (here && !cancelled_before &&
      (record_->waiting_in() != nullptr || record_ == &task_context()) && deadlock_checks()) {
    refuse_deadlock(*this);
  }
  suspend();
  if (here) {
    if (!record_->add_waiter(*this)) complete();
  } else if (!record_->post(registration_)) {
    complete();
  }
  // The cancel is passed on, and the task's end awaited, as for a cancel that comes later: the task
  // may use objects of its awaiter.
  if (cancelled_before) cancel();
  return true;
}

woken_by join_operation_base::depends_on(dependency_visitor& visit) const {
  // Only the thread of a task's loop may look at what the task waits for.
  if (record_->owner() != loop::current()) return woken_by::somebody;
  (void)visit.task(*record_);
  return woken_by::all_of;
}

// Runs on the awaited task's loop, which is not the waiter's.
void join_operation_base::registration::run() noexcept {
  if (!owner_.record_->add_waiter(owner_)) owner_.joined();
}

void join_operation_base::joined() noexcept { owner().post(*this); }

void join_operation_base::cancel() noexcept {
  cancelled_ = true;
  // If tasks join each other in a cycle, the cancel comes back to the wait where it began. That
  // wait ends, or none would.
  const detail::cancel_cascade& cascade = detail::this_thread_state().cancels;
  if (on_cancel_ == on_cancel::cancel_task && !passing_on_ && passed_on_in_ != cascade.number) {
    passing_on_ = true;
    record_->request_cancel("its awaiter was cancelled");
    passing_on_ = false;
    // The tasks that were put aside may still pass the cancel back to here.
    if (!cascade.put_aside.empty()) passed_on_in_ = cascade.number;
    return;
  }
  if (stopped_waiting_ || withdrawing_) return;
  if (loop::current() != record_->owner()) {
    withdrawing_ = record_->post(withdrawal_);
    return;
  }
  if (!record_->remove_waiter(*this)) return;  // Told already: the task has ended.
  stopped_waiting_ = true;
  complete();
}

// Runs first on the awaited task's loop, after the registration; then on the waiter's, after
// `joined`.
void join_operation_base::withdrawal::run() noexcept {
  if (done_there_) return owner_.withdrawn(removed_);
  removed_ = owner_.record_->remove_waiter(owner_);
  done_there_ = true;
  owner_.owner().post(*this);
}

void join_operation_base::withdrawn(bool removed) noexcept {
  withdrawing_ = false;
  if (removed) {
    stopped_waiting_ = true;
    complete();
  } else if (told_) {
    operation::run();
  }
}

void join_operation_base::run() noexcept {
  // The withdrawal refers to this operation, so the waiter is resumed only when that is back.
  if (withdrawing_) {
    told_ = true;
  } else {
    operation::run();
  }
}

void join_operation_base::check(const std::exception_ptr* error) const {
  if (stopped_waiting_) throw_cancelled();
  if (error != nullptr && is_own_cancel(cancelled_, *error)) throw_cancelled();
}

namespace {

class thread_waiter final : public join_waiter, public runnable {
 public:
  explicit thread_waiter(spawned& record) noexcept : record_(record) {}

  void run() noexcept override {
    if (!record_.add_waiter(*this)) joined();
  }
  void joined() noexcept override {
    // Notified under the lock: the waiting thread destroys this object as soon as it sees `done_`.
    std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }

 private:
  spawned& record_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

}  // namespace

void block_until_done(spawned& record) {
  if (record.done()) return;
  if (loop::current() != nullptr) {
    throw std::logic_error(
        "lariat: join_handle::get would block this thread's loop; co_await the handle instead");
  }
  thread_waiter waiter(record);
  if (record.post(waiter)) waiter.wait();
}

void throw_empty_handle(const char* operation) {
  throw std::logic_error(std::string("lariat: join_handle::") + operation +
                         ": the handle is empty (moved from, detached or never assigned)");
}

}  // namespace lariat::detail
