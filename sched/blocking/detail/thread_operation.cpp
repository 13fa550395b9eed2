#include <lariat/sched/blocking/detail/thread_operation.hpp>

#include <lariat/sched/blocking/blocking_pool.hpp>
#include <lariat/sched/coroutine/detail/thread_state.hpp>
#include <lariat/sched/text/detail/shown_name.hpp>
#include <lariat/sched/thread/detail/start_thread.hpp>
#include <lariat/sched/thread/detail/thread_substitute.hpp>
#include <lariat/sched/time/timer.hpp>

#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace lariat::detail {

void queue_timer::start(thread_operation& owner, loop& where) noexcept {
  if (limit_ns_ == no_deadline) return;
  owner_ = &owner;
  running_ = true;
  where.timers().insert(entry_, deadline_after(where.now(), limit_ns_));
}

bool queue_timer::stop(loop& where) noexcept {
  if (entry_.armed()) {
    where.timers().cancel(entry_);
    running_ = false;
  }
  stopped_ = running_;
  return !running_;
}

void queue_timer::run() noexcept {
  running_ = false;
  if (stopped_) return owner_->run();
  owner_->time_out();
}

bool thread_operation::start(body function, void* state, const context* task, queue_timer* timer) {
  if (must_cancel()) {
    ending_ = ending::cancelled;
    return false;
  }
  home_ = &owner();
  if (lane_ == nullptr) lane_ = &blocking_pool::of(*home_).default_lane();
  function_ = function;
  state_ = state;
  task_ = task;
  suspend();
  home_->expect_handoff(1);
  if (timer != nullptr) {
    timer_ = timer;
    timer->start(*this, *home_);
  }
  if (thread_substitute* const threads = home_->threads(); threads != nullptr) [[unlikely]] {
    threads->submit(*this);
    return true;
  }
  nested_ = lane::current() == lane_;
  // Submitting comes last, because a thread may run the call and hand it back before `submit`
  // returns.
  if (home_->many_handoffs() && !nested_ &&
      lane_->queue_max() == std::numeric_limits<std::size_t>::max()) {
    if (call_gatherer* const gatherer = call_gatherer::make_current(); gatherer != nullptr) {
      gatherer->add(*this, *lane_, *home_);
      return true;
    }
  }
  if (lane_->submit(*this)) [[likely]]
    return true;
  nested_ = false;
  end(ending::deadlocked);
  return true;
}

void thread_operation::end(ending how) noexcept {
  ending_ = how;
  complete();
}

// Takes the call out of the queue. True if no thread has started it, so that none ever will.
bool thread_operation::take_back() noexcept {
  if (thread_substitute* const threads = home_->threads(); threads != nullptr) [[unlikely]] {
    return threads->withdraw(*this);
  }
  // The gatherer may hold the call.
  if (call_gatherer* const gatherer = call_gatherer::current(); gatherer != nullptr)
    gatherer->flush();
  return lane_->withdraw(*this);
}

void thread_operation::cancel() noexcept {
  if (ending_ != ending::by_function) return;  // It was ended before, and is queued as ready.
  if (take_back() || give_up()) end(ending::cancelled);
}

void thread_operation::time_out() noexcept {
  if (ending_ == ending::by_function && take_back()) end(ending::timed_out);
}

void thread_operation::refuse(int error) noexcept {
  error_ = error;
  home_->post(*this);
}

void thread_operation::refuse_as_full() noexcept {
  nested_ = false;
  end(ending::full);
}

void thread_operation::run() noexcept {
  if (timer_ != nullptr && !timer_->stop(*home_)) return;
  home_->expect_handoff(-1);
  if (nested_) lane_->nested_call_ended();
  operation::run();
}

void thread_operation::check(bool gave_up) const {
  switch (ending_) {
    case ending::by_function:
      if (error_ != 0) {
        throw std::system_error(error_, std::generic_category(),
                                no_thread_text("to_thread: lane " + shown_name(lane_->name()) +
                                               " cannot start a thread"));
      }
      // The function has answered the task's cancel by operation_cancelled, so that cancel counts
      // as delivered by this exception.
      if (gave_up && must_cancel()) throw_cancelled();
      return;
    case ending::cancelled:
      throw_cancelled();
    case ending::timed_out:
      throw std::system_error(std::make_error_code(std::errc::timed_out),
                              "to_thread: no thread of lane " + shown_name(lane_->name()) +
                                  " was free within the queue timeout");
    case ending::full:
      throw std::system_error(std::make_error_code(std::errc::no_buffer_space),
                              "to_thread: lane " + shown_name(lane_->name()) +
                                  " is full: as many calls as its queue_max permits wait");
    case ending::deadlocked:
      throw std::logic_error("lariat: to_thread: lane " + shown_name(lane_->name()) +
                             ": deadlock: every thread of the lane waits for a call to this same "
                             "lane, so none is left to run it. Give the inner calls a lane of "
                             "their own, or this one more threads");
  }
}

call_gatherer* call_gatherer::current() noexcept { return this_thread_state().gatherer; }

call_gatherer* call_gatherer::make_current() noexcept {
  thread_state* const here = try_thread_state();
  if (here == nullptr) return nullptr;
  if (here->gatherer == nullptr) {
    here->gatherer = new (std::nothrow) call_gatherer;
    here->delete_gatherer = [](call_gatherer* ended) noexcept { delete ended; };
  }
  return here->gatherer;
}

// The loop outlives the gatherer's place in its queue: the tasks whose calls were gathered are
// resumed by steps behind it, so they live until it has run.
void call_gatherer::add(thread_operation& call, lane& where, loop& home) noexcept {
  if (where_ != &where) flush();
  where_ = &where;
  calls_.add(call);
  if (!queued_) {
    queued_ = true;
    home.ready(*this);
  }
  if (++count_ == calls_max) flush();
}

void call_gatherer::flush() noexcept {
  if (count_ == 0) return;
  count_ = 0;
  call_chain calls = std::exchange(calls_, {});
  where_->submit(calls);
}

void call_gatherer::forget() noexcept {
  count_ = 0;
  calls_ = {};
  queued_ = false;
}

void call_gatherer::run() noexcept {
  queued_ = false;
  flush();
}

bool abandonable_state::abandon() noexcept {
  const std::lock_guard lock(mutex_);
  if (ended_) return false;
  waiter_ = nullptr;
  return true;
}

void abandonable_state::finish() noexcept {
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

}  // namespace lariat::detail
