#pragma once

#include <lariat/sched/blocking/lane.hpp>
#include <lariat/sched/executor/detail/inbox.hpp>
#include <lariat/sched/executor/detail/timer_wheel.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/loop/operation.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>

namespace lariat::detail {

class thread_operation;

/// Limits how long a call waits for a thread: calls `time_out` when the time is over.
class queue_timer final : public runnable {
 public:
  explicit queue_timer(clock_ns limit_ns) noexcept : limit_ns_(limit_ns) {}
  queue_timer(const queue_timer& other) noexcept : runnable(other), limit_ns_(other.limit_ns_) {}

  void start(thread_operation& owner, loop& where) noexcept;

  /// Stops the timer. False if its step is in the loop's queue already; then that step will run
  /// `owner`.
  [[nodiscard]] bool stop(loop& where) noexcept;

  void run() noexcept override;

 private:
  timer_entry entry_{*this};
  clock_ns limit_ns_;
  thread_operation* owner_ = nullptr;
  bool running_ = false;  // Armed, or its step is in the loop's queue.
  bool stopped_ = false;
};

/// The part of `to_thread` that does not depend on the function: the operation in which the task
/// waits while the call is queued and while it runs. It is also the call's place in its lane's
/// queue, so queueing allocates nothing. The members that the thread uses lie next to each other,
/// because each cache line that both sides write costs two transfers between CPUs per call.
class thread_operation : public operation {
 public:
  /// Runs the function, on the lane's thread, and then calls `hand_back`, unless the task has
  /// abandoned the call.
  using body = void (*)(void* state) noexcept;

  bool await_ready() const noexcept { return false; }
  void run() noexcept override;
  void cancel() noexcept override;
  [[nodiscard]] operation_info info() const noexcept override { return {"to_thread"}; }

  /// What a thread needs to run the call. A simulated thread copies it when it starts the call,
  /// because from then on the task may abandon the call, and the operation be gone.
  struct thread_call {
    body function;
    void* state;
    const context* task;
  };
  [[nodiscard]] thread_call call() const noexcept { return {function_, state_, task_}; }

  /// Queues the task to be resumed on its loop. Called by the thread that has run the call. That
  /// thread must not touch the operation afterwards.
  void hand_back() noexcept {
    if (counted_) [[unlikely]]
      lane_->call_ended();
    home_->post(*this);
  }

  /// Ends the operation by `error`, the errno with which no thread could be started. Any thread.
  void refuse(int error) noexcept;

  /// Ends the operation because as many calls as the lane permits wait already.
  void refuse_as_full() noexcept;

  /// Called on the loop's thread when the call has waited for a thread too long.
  void time_out() noexcept;

 protected:
  /// `where` is null for the default lane.
  explicit thread_operation(lane* where) noexcept : lane_(where) {}
  thread_operation(const thread_operation& other) noexcept : operation(other), lane_(other.lane_) {}

  /// Called after `prepare`: queues the call. False if the task was cancelled before, so that
  /// nothing is queued.
  /// \param task The task that `lane::current_task` gives on the thread; null if the call may be
  /// abandoned, because then the task may end first.
  /// \param timer Null if the call may wait for a thread as long as it takes.
  bool start(body function, void* state, const context* task, queue_timer* timer);

  /// Called by a cancel after a thread has started the call: asks the function to end. True if the
  /// call is abandoned, so that the operation ends at once and the function goes on.
  virtual bool give_up() noexcept = 0;

  /// Called before the result is taken; returns if the function has run.
  /// \param gave_up Whether the function has ended by operation_cancelled.
  /// \throws operation_cancelled if the task was cancelled and the function did not run to its end.
  /// \throws std::system_error if no thread could be started, none was free in time, or too many
  /// calls waited.
  /// \throws std::logic_error if waiting for a thread would have been a deadlock.
  void check(bool gave_up) const;

 private:
  friend class lane_workers;
  friend class call_queue;
  enum class ending : unsigned char { by_function, cancelled, timed_out, deadlocked, full };
  void end(ending how) noexcept;
  [[nodiscard]] bool take_back() noexcept;

  ending ending_ = ending::by_function;
  bool nested_ = false;   // Submitted on a thread of the same lane.
  bool counted_ = false;  // By a lane with a bound.

  // Used by the lane, with its mutex held.
  bool queued_ = false;
  thread_operation* following_ = nullptr;
  thread_operation* preceding_ = nullptr;

  body function_ = nullptr;
  void* state_ = nullptr;
  loop* home_ = nullptr;
  const context* task_ = nullptr;
  lane* lane_;
  queue_timer* timer_ = nullptr;
  int error_ = 0;  // The errno that `refuse` was given; 0 if the call was not refused.
};

/// A FIFO of calls from which any call can be removed, for a cancel. Protected by the lane's mutex.
class call_queue {
 public:
  call_queue() = default;
  call_queue(const call_queue&) = delete;
  call_queue& operator=(const call_queue&) = delete;

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// \pre `step` is a thread_operation.
  void push(runnable& step) noexcept {
    auto& call = static_cast<thread_operation&>(step);
    call.queued_ = true;
    call.following_ = nullptr;
    call.preceding_ = last_;
    (last_ == nullptr ? first_ : last_->following_) = &call;
    last_ = &call;
    ++size_;
  }

  /// Null when empty.
  [[nodiscard]] thread_operation* pop() noexcept {
    thread_operation* call = first_;
    if (call != nullptr) erase(*call);
    return call;
  }

  /// False if the call is not queued.
  bool remove(thread_operation& call) noexcept {
    if (!call.queued_) return false;
    erase(call);
    return true;
  }

 private:
  void erase(thread_operation& call) noexcept {
    (call.preceding_ == nullptr ? first_ : call.preceding_->following_) = call.following_;
    (call.following_ == nullptr ? last_ : call.following_->preceding_) = call.preceding_;
    call.queued_ = false;
    --size_;
  }

  thread_operation* first_ = nullptr;
  thread_operation* last_ = nullptr;
  std::size_t size_ = 0;
};

/// The inbox in which callers leave calls for a lane.
using call_inbox = basic_inbox<runnable, call_queue, std::atomic<runnable*>>;

/// Calls that are handed to a lane together.
class call_chain : public call_inbox::chain {};

/// Gathers the calls that a loop's ready steps make one after the other, when there are many, and
/// hands them to their lane together, after these steps. If they were handed over one by one, loop
/// and thread would wait for the same cache line for each of them. A thread makes its gatherer when
/// its loop first needs it.
class call_gatherer final : public runnable {
 public:
  /// This thread's gatherer; null if it has none yet.
  [[nodiscard]] static call_gatherer* current() noexcept;

  /// The same, but makes it if there is none yet; null only if there is no memory for it.
  [[nodiscard]] static call_gatherer* make_current() noexcept;

  /// Gathers `call`, which a task of `home`, the loop of this thread, makes to `where`.
  void add(thread_operation& call, lane& where, loop& home) noexcept;

  /// Hands the gathered calls to their lane.
  void flush() noexcept;

  /// Called in a forked child: drops the gathered calls, which stay with the parent.
  void forget() noexcept;

  void run() noexcept override;

 private:
  // Enough to save most of the cost; with more, idle threads would wait too long for the first.
  static constexpr unsigned calls_max = 32;

  lane* where_ = nullptr;
  call_chain calls_;
  unsigned count_ = 0;
  bool queued_ = false;  // In its loop's ready queue.
};

/// The state of a call that its task may abandon. It is on the heap, and belongs to the task; once
/// abandoned it belongs to the lane's thread, which deletes it when the function has ended.
class abandonable_state {
 public:
  explicit abandonable_state(thread_operation& waiter) noexcept : waiter_(&waiter) {}
  abandonable_state(const abandonable_state&) = delete;
  abandonable_state& operator=(const abandonable_state&) = delete;
  virtual ~abandonable_state() = default;

  /// Called by the task. False if the function has ended already. If true the state no longer
  /// belongs to the task, which must not touch it any more.
  [[nodiscard]] bool abandon() noexcept;

  /// Called on the lane's thread when the function has ended: hands the call back, or deletes the
  /// state if the call was abandoned. The state may be gone after this.
  void finish() noexcept;

 private:
  std::mutex mutex_;  // Decides which comes first, `abandon` or `finish`.
  thread_operation* waiter_;
  bool ended_ = false;
};

}  // namespace lariat::detail
