#pragma once

#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/pool/detail/pool_job.hpp>

namespace lariat {
class pool;
}

namespace lariat::detail {

/// The part of `to_pool` that does not depend on the function: the operation in which a loop's task
/// waits for its job.
class pool_operation : public starting_operation<pool_operation>, private pool_waiter {
 public:
  void run() noexcept override;
  void cancel() noexcept override;
  [[nodiscard]] operation_info info() const noexcept override { return {"to_pool"}; }

 protected:
  /// `where` is null for the caller's own pool: see `pool::of` and `pool::current`.
  explicit pool_operation(pool* where) noexcept : where_(where) {}
  pool_operation(pool_operation&& other) noexcept
      : starting_operation(other), where_(other.where_) {}
  ~pool_operation() = default;

  /// Called before the result is taken. \throws operation_cancelled if the job was left behind.
  void check() const {
    if (left_) throw_cancelled();
  }

  /// Called if the function has ended by operation_cancelled: if the caller itself is cancelled,
  /// throws that cancel instead, so that it counts as delivered.
  void deliver_cancel() const {
    if (must_cancel()) throw_cancelled();
  }

  [[nodiscard]] pool& target() const;

  [[nodiscard]] virtual pool_job& job() noexcept = 0;
  /// The job belongs to the pool from here on.
  virtual void leave_job() noexcept = 0;

 private:
  friend starting_operation;

  /// Queues the job. False if a cancel came before.
  /// \throws std::system_error if no worker can be started.
  bool start();
  void job_ended() noexcept override { home_->post(*this); }

  pool* where_;
  loop* home_ = nullptr;
  bool left_ = false;  // Ended by a cancel; the job never ran.
};

}  // namespace lariat::detail
