#pragma once

#include <lariat/sched/executor/executor.hpp>

#include <cassert>

namespace lariat::detail {

/// A FIFO of steps for one thread, linked through the steps themselves.
class run_queue {
 public:
  run_queue() = default;
  run_queue(const run_queue&) = delete;  // `tail_` points into the object.
  run_queue& operator=(const run_queue&) = delete;

  [[nodiscard]] bool empty() const noexcept { return head_ == nullptr; }

  void push(runnable& step) noexcept {
    assert(tail_ != &step.next_ && "a step was queued twice");  // The latest one; others pass.
    step.next_ = nullptr;
    *tail_ = &step;
    tail_ = &step.next_;
  }

  /// Null when empty.
  [[nodiscard]] runnable* pop() noexcept {
    runnable* first = head_;
    if (first == nullptr) return nullptr;
    head_ = first->next_;
    if (head_ == nullptr) tail_ = &head_;
    return first;
  }

 private:
  runnable* head_ = nullptr;
  runnable** tail_ = &head_;
};

}  // namespace lariat::detail
