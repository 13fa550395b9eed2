#pragma once

#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/sync/detail/loop_bound.hpp>

#include <coroutine>

namespace lariat::detail {

/// A node of a circular list. The list itself is one of the nodes, so every node has two neighbours
/// and can unlink itself without access to the list.
class wait_link {
 protected:
  wait_link() = default;
  wait_link(const wait_link&) noexcept {}  // A copy is in no list.
  wait_link& operator=(const wait_link&) = delete;
  ~wait_link() = default;

  [[nodiscard]] bool linked() const noexcept { return next_ != nullptr; }
  void unlink() noexcept {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = nullptr;
  }

 private:
  friend class wait_list_base;
  wait_link* previous_ = nullptr;
  wait_link* next_ = nullptr;
};

/// The base of the primitives' awaitables: a node in the awaiting frame that waits in a list until
/// it is woken with what it waits for, or a cancel takes it out.
///
/// A node that was woken has what it waited for: a cancel that comes later stays pending.
class wait_operation : public operation, private wait_link {
 public:
  bool await_ready() const noexcept { return false; }
  void cancel() noexcept override;
  woken_by depends_on(dependency_visitor&) const override { return woken_by::somebody; }

  /// Takes the node out of its list and queues its task. On the loop's thread, while it waits.
  void wake() noexcept {
    unlink();
    complete();
  }

 protected:
  explicit wait_operation(loop_bound& home) noexcept : home_(&home) {}
  wait_operation(const wait_operation&) = default;
  ~wait_operation() = default;

  /// Called before it waits: takes what it would wait for, and returns true, if that is free now.
  virtual bool attempt() = 0;

  /// Joins the list to wait in. May throw instead.
  virtual void enqueue() = 0;

  /// Called when a cancel has taken it out of its list: nodes that queued behind it may be served
  /// now.
  virtual void withdrawn() noexcept {}

  /// Ends `await_suspend` if there was nothing to wait for. Now and then the task goes through the
  /// ready queue all the same, so that a task whose awaits are always ready does not starve the
  /// others.
  [[nodiscard]] bool pass() noexcept {
    if (!owner().spend_budget()) [[likely]]
      return false;
    suspend();
    complete();
    return true;
  }

  /// Ends `await_suspend` if `attempt` failed.
  [[nodiscard]] bool wait() {
    enqueue();
    suspend();
    return true;
  }

  /// Ends `await_suspend` if the object has no loop yet or belongs to another, or a cancel is
  /// pending.
  [[nodiscard]] bool start();

  void check_cancelled() const {
    if (cancelled_) [[unlikely]]
      throw_cancelled();
  }
  void mark_cancelled() noexcept { cancelled_ = true; }
  [[nodiscard]] bool waits() const noexcept { return linked(); }

  /// Whether it was woken, and its task has not run yet.
  [[nodiscard]] bool served() const noexcept { return suspended() && !linked(); }
  [[nodiscard]] loop_bound& home() const noexcept { return *home_; }

  /// `unlink` for awaitables that wait in two lists, one after the other.
  void leave() noexcept { unlink(); }

 private:
  friend class wait_list_base;
  loop_bound* home_;
  bool cancelled_ = false;
};

/// Gives the awaitable `Derived` its await_suspend, in which the case without a wait is inlined.
/// Derived must be final, or its virtual calls are not inlined and nothing is gained.
template <class Derived, class Base = wait_operation>
class basic_wait_operation : public Base {
 public:
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    this->prepare(caller);
    if (!this->home().bound_to(this->owner()) || this->must_cancel()) [[unlikely]]
      return this->start();
    if (static_cast<Derived&>(*this).attempt()) [[likely]]
      return this->pass();
    return this->wait();
  }

 protected:
  using Base::Base;
};

/// A list of awaitables, first come, first served. Destroying it while anyone waits terminates the
/// program, as destroying the awaiting frame would.
class wait_list_base {
 public:
  wait_list_base(const wait_list_base&) = delete;  // Linked into the ring by address.
  wait_list_base& operator=(const wait_list_base&) = delete;

  [[nodiscard]] bool empty() const noexcept { return head_.next_ == &head_; }

 protected:
  wait_list_base() noexcept { head_.previous_ = head_.next_ = &head_; }
  ~wait_list_base() {
    if (!empty()) [[unlikely]]
      die_waited_for();
  }

  void push_link(wait_operation& waiter) noexcept {
    wait_link& link = waiter;
    link.previous_ = head_.previous_;
    link.next_ = &head_;
    head_.previous_->next_ = &link;
    head_.previous_ = &link;
  }
  [[nodiscard]] wait_operation& front_link() const noexcept {
    return static_cast<wait_operation&>(*head_.next_);
  }

 private:
  [[noreturn]] void die_waited_for() const noexcept;

  struct ring_head final : wait_link {
    friend class wait_list_base;
  };
  ring_head head_;
};

/// The same with the waiters' type.
template <class Waiter>
class wait_list : public wait_list_base {
 public:
  void push(Waiter& waiter) noexcept { push_link(waiter); }

  /// The waiter that has waited longest. \pre The list is not empty.
  [[nodiscard]] Waiter& front() const noexcept { return static_cast<Waiter&>(front_link()); }

  /// Wakes all that wait now. It ends, because waking only queues: no task runs meanwhile that
  /// could join the list.
  void wake_all() noexcept {
    while (!empty()) front().wake();
  }
};

}  // namespace lariat::detail
