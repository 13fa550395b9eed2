#pragma once

#include <lariat/sched/detail/blocking_call.hpp>
#include <lariat/sched/detail/timer_wheel.hpp>
#include <lariat/sched/lane.hpp>
#include <lariat/sched/loop.hpp>
#include <lariat/sched/operation.hpp>

#include <mutex>

namespace lariat::detail {

/// The part of `to_thread` that does not depend on the function: where the task waits while the
/// call is queued, and while it runs.
class thread_operation : public operation {
 public:
  bool await_ready() const noexcept { return false; }
  void run() noexcept override;
  void cancel() noexcept override;
  [[nodiscard]] operation_info info() const noexcept override;

  /// Queues the task to be resumed on its loop. On the lane's thread; nothing of the operation may
  /// be touched after it.
  void hand_back() noexcept { home_->post(*this); }

  /// Ends the operation by the error that kept the lane from starting a thread. Any thread.
  void refuse(int error) noexcept;

 protected:
  /// `where` is null for the default lane; `queue_ns` is how long the call may be queued.
  thread_operation(lane* where, clock_ns queue_ns) noexcept : lane_(where), queue_ns_(queue_ns) {}
  thread_operation(const thread_operation& other) noexcept
      : operation(other), lane_(other.lane_), queue_ns_(other.queue_ns_) {}

  /// After `prepare`: queues the call. False if the operation has ended already.
  bool start(blocking_call& call);

  /// Asks the running function to end. True if the operation is over though the function is not.
  virtual bool give_up() noexcept = 0;

  /// Returns if the function has ended; `gave_up` says that it did by operation_cancelled.
  /// \throws operation_cancelled, std::system_error, std::logic_error
  void check(bool gave_up) const;

 private:
  // What the queue's timeout runs.
  class expiry final : public runnable {
   public:
    explicit expiry(thread_operation& owner) noexcept : owner_(owner) {}
    void run() noexcept override { owner_.expire(); }
    timer_entry timer{*this};

   private:
    thread_operation& owner_;
  };

  enum class ending : unsigned char { by_function, cancelled, timed_out, deadlocked };
  void expire() noexcept;
  void end(ending how) noexcept;

  lane* lane_;
  clock_ns queue_ns_;
  loop* home_ = nullptr;
  blocking_call* call_ = nullptr;
  expiry expiry_{*this};
  int error_ = 0;  // What kept the lane from starting a thread. Written by any thread.
  ending ending_ = ending::by_function;
  bool expiry_pending_ = false;  // The timer is armed, or its step is in the loop's queue.
  bool ended_ = false;           // The task goes on as soon as that is no longer so.
  bool nested_ = false;          // Submitted on a thread of the same lane.
};

/// A call that its task may leave behind: it lives on the heap, and whoever is last deletes it.
class abandonable_call : public blocking_call {
 public:
  virtual ~abandonable_call() = default;

  /// Who is handed the result.
  void set_waiter(thread_operation& waiter) noexcept { waiter_ = &waiter; }

  /// False if the call has ended. If true it is no longer the task's.
  [[nodiscard]] bool abandon() noexcept;

 protected:
  /// On the lane's thread, when the function has ended. The call may be gone after it.
  void finish() noexcept;
  void reject(int error) noexcept final;

 private:
  std::mutex mutex_;  // For the race of `abandon` and `finish`.
  thread_operation* waiter_ = nullptr;
  bool ended_ = false;
};

}  // namespace lariat::detail
