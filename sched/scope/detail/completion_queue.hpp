#pragma once

#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/scope/detail/sole_wait.hpp>
#include <lariat/sched/task/detail/spawned.hpp>

#include <cstddef>
#include <vector>

namespace lariat::detail {

class completion_operation;

/// Is told of the ends of several tasks of this loop, and records their order.
class completion_queue {
 public:
  /// \throws std::logic_error if one belongs to a loop other than this thread's.
  explicit completion_queue(const std::vector<spawned*>& records);
  completion_queue(const completion_queue&) = delete;  // The tasks refer to it.
  completion_queue& operator=(const completion_queue&) = delete;
  ~completion_queue();

 private:
  friend class completion_operation;

  class entry final : public join_waiter {
   public:
    entry(completion_queue& owner, spawned& record) noexcept : owner_(owner), record_(record) {}
    void joined() noexcept override { owner_.ended(*this); }
    [[nodiscard]] spawned& record() const noexcept { return record_; }

   private:
    completion_queue& owner_;
    spawned& record_;
  };

  void ended(const entry& which) noexcept;

  std::vector<entry> entries_;
  std::vector<std::size_t> order_;  // Tasks that have ended. Has room for all from the beginning.
  std::size_t given_ = 0;
  sole_wait* waiting_ = nullptr;
};

/// The wait for the next task that ends.
class completion_operation : public sole_wait {
 public:
  [[nodiscard]] operation_info info() const noexcept final { return {"as_completed"}; }

 protected:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  explicit completion_operation(completion_queue& queue) noexcept : queue_(&queue) {}
  ~completion_operation() = default;

  /// The index of the task that has ended; `none` when all were given.
  /// \throws operation_cancelled
  [[nodiscard]] std::size_t take();

 private:
  [[nodiscard]] bool ready() const noexcept final;
  [[nodiscard]] sole_wait*& place() const noexcept final { return queue_->waiting_; }
  void visit_running(dependency_visitor& visit) const final;

  completion_queue* queue_;
};

}  // namespace lariat::detail
