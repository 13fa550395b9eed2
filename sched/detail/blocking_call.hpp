#pragma once

#include <utility>

namespace lariat {
class context;
class lane;
}  // namespace lariat

namespace lariat::detail {

/// A function that waits for a thread. A lane's queue is made of these, linked through themselves:
/// queueing allocates nothing, and whoever submits one keeps it alive until it has ended.
class blocking_call {
 public:
  /// `task` is whom the function works for; null if that may end before the function does.
  explicit blocking_call(const context* task = nullptr) noexcept : task_(task) {}
  blocking_call(const blocking_call&) = delete;  // Linked by address.
  blocking_call& operator=(const blocking_call&) = delete;

  /// Runs the function on the lane's thread and hands back. It may destroy the object.
  virtual void execute() noexcept = 0;

  /// Instead of `execute`, when no thread could be started. Any thread. It may destroy the object.
  /// \param error The errno of pthread_create.
  virtual void reject(int error) noexcept = 0;

 protected:
  ~blocking_call() = default;
  void set_task(const context* task) noexcept { task_ = task; }

 private:
  friend class call_queue;
  friend class lariat::lane;

  blocking_call* next_ = nullptr;
  blocking_call* previous_ = nullptr;
  const context* task_;
  bool queued_ = false;
};

/// A FIFO of calls from whose middle one may be taken out. Its lane's mutex protects it.
class call_queue {
 public:
  call_queue() = default;
  call_queue(const call_queue&) = delete;
  call_queue& operator=(const call_queue&) = delete;

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

  void push(blocking_call& call) noexcept {
    call.queued_ = true;
    call.next_ = nullptr;
    call.previous_ = last_;
    (last_ == nullptr ? first_ : last_->next_) = &call;
    last_ = &call;
  }

  /// Null when empty.
  [[nodiscard]] blocking_call* pop() noexcept {
    blocking_call* call = first_;
    if (call != nullptr) erase(*call);
    return call;
  }

  /// Empties it: the calls cannot be removed any more. Gives the first, for `for_each`.
  [[nodiscard]] blocking_call* take_all() noexcept {
    for (blocking_call* each = first_; each != nullptr; each = each->next_) each->queued_ = false;
    last_ = nullptr;
    return std::exchange(first_, nullptr);
  }
  /// Calls `visit(blocking_call&)` for each; it may destroy the call.
  template <class Visit>
  static void for_each(blocking_call* first, Visit visit) {
    while (first != nullptr) visit(*std::exchange(first, first->next_));
  }

  /// False if it is not queued any more.
  bool remove(blocking_call& call) noexcept {
    if (!call.queued_) return false;
    erase(call);
    return true;
  }

 private:
  void erase(blocking_call& call) noexcept {
    (call.previous_ == nullptr ? first_ : call.previous_->next_) = call.next_;
    (call.next_ == nullptr ? last_ : call.next_->previous_) = call.previous_;
    call.queued_ = false;
  }

  blocking_call* first_ = nullptr;
  blocking_call* last_ = nullptr;
};

}  // namespace lariat::detail
