#include <lariat/sched/detail/thread_operation.hpp>

#include <lariat/sched/blocking_pool.hpp>
#include <lariat/sched/timer.hpp>

#include <stdexcept>
#include <string>
#include <system_error>

namespace lariat::detail {

bool thread_operation::start(blocking_call& call) {
  if (must_cancel()) {
    ending_ = ending::cancelled;
    return false;
  }
  home_ = &owner();
  if (lane_ == nullptr) lane_ = &blocking_pool::of(*home_).default_lane();
  call_ = &call;
  suspend();
  home_->expect_handoff(1);
  if (queue_ns_ != no_deadline) {
    home_->timers().insert(expiry_.timer, deadline_after(home_->now(), queue_ns_));
    expiry_pending_ = true;
  }
  nested_ = lane::current() == lane_;
  // The last act: a thread may hand the result back before this returns.
  if (lane_->submit(call)) [[likely]] return true;
  nested_ = false;
  end(ending::deadlocked);
  return true;
}

void thread_operation::end(ending how) noexcept {
  ending_ = how;
  complete();
}

void thread_operation::cancel() noexcept {
  if (ending_ != ending::by_function) return;  // It has ended without, and is on its way.
  if (lane_->withdraw(*call_) || give_up()) end(ending::cancelled);
}

void thread_operation::expire() noexcept {
  expiry_pending_ = false;
  if (ended_) return run();
  if (ending_ == ending::by_function && lane_->withdraw(*call_)) end(ending::timed_out);
}

void thread_operation::refuse(int error) noexcept {
  error_ = error;
  hand_back();
}

void thread_operation::run() noexcept {
  if (expiry_.timer.armed()) {
    home_->timers().cancel(expiry_.timer);
  } else if (expiry_pending_) {
    ended_ = true;  // The loop holds the timer's step: let it run first.
    return;
  }
  home_->expect_handoff(-1);
  if (nested_) lane_->settle_nested();
  operation::run();
}

operation_info thread_operation::info() const noexcept { return {"to_thread"}; }

void thread_operation::check(bool gave_up) const {
  switch (ending_) {
    case ending::by_function:
      if (error_ != 0) {
        throw std::system_error(error_, std::generic_category(),
                                "to_thread: lane " + lane_->name() + " cannot start a thread");
      }
      // The function noticed the cancel and said so: then this is its delivery.
      if (gave_up && must_cancel()) throw_cancelled();
      return;
    case ending::cancelled:
      throw_cancelled();
    case ending::timed_out:
      throw std::system_error(std::make_error_code(std::errc::timed_out),
                              "to_thread: no thread of lane " + lane_->name() +
                                  " was free within the queue timeout");
    case ending::deadlocked:
      throw std::logic_error("lariat: to_thread: lane " + lane_->name() +
                             ": deadlock: every thread of the lane waits for a call to this same "
                             "lane, so none is left to run it. Give the inner calls a lane of "
                             "their own, or this one more threads");
  }
}

bool abandonable_call::abandon() noexcept {
  const std::lock_guard lock(mutex_);
  if (ended_) return false;
  waiter_ = nullptr;
  return true;
}

void abandonable_call::finish() noexcept {
  thread_operation* waiter;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    waiter = waiter_;
  }
  if (waiter == nullptr) {
    delete this;
  } else {
    waiter->hand_back();
  }
}

void abandonable_call::reject(int error) noexcept {
  thread_operation* waiter;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    waiter = waiter_;
  }
  waiter->refuse(error);  // Who abandons a call takes it out of the queue if it is there.
}

}  // namespace lariat::detail
