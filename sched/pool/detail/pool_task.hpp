#pragma once

#include <lariat/sched/loop/detail/one_child_operation.hpp>
#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/task/detail/child.hpp>

#include <coroutine>
#include <exception>
#include <functional>
#include <source_location>
#include <utility>

namespace lariat {
class pool;
}

namespace lariat::detail {

/// The part of `to_pool`, called with a function that gives a task, that does not depend on the
/// value's type: it starts the task as a child on the pool and waits for its end.
class pool_task_base : public starting_operation<pool_task_base, one_child_operation>,
                       public child_owner {
 public:
  void run() noexcept final;
  [[nodiscard]] operation_info info() const noexcept final { return {"to_pool"}; }

 protected:
  /// \param where Null for the pool that the awaiting task runs on; if it runs on its loop, that
  /// loop's pool.
  explicit pool_task_base(pool* where) noexcept : where_(where) {}
  ~pool_task_base() = default;

  virtual context& start_child(executor& where, const context& parent,
                               std::source_location site) noexcept = 0;

 private:
  friend starting_operation;

  /// \throws std::system_error if no worker can be started.
  bool start();
  void child_finished(context& child, const std::exception_ptr& error) noexcept final;

  pool* where_;
};

/// A child that runs on the pool that it is given, wherever its parent runs.
template <class T>
class pool_child final : public child_base<T> {
 public:
  using child_base<T>::child_base;
  void start_on(executor& where, child_owner& told, const context& parent,
                std::source_location site) noexcept {
    where_ = &where;
    this->mark_on_pool();
    this->start(told, parent, site);
  }

 private:
  [[nodiscard]] executor* find_pool() const noexcept override { return where_; }

  executor* where_ = nullptr;
};

template <class T>
class [[nodiscard]] pool_task_operation final : public pool_task_base {
 public:
  pool_task_operation(pool* where, task<T>&& body)
      : pool_task_base(where), child_(std::move(body)) {}

  T await_resume() {
    rethrow_error();
    return child_.result().take();
  }

 private:
  context& start_child(executor& where, const context& parent,
                       std::source_location site) noexcept override {
    child_.start_on(where, *this, parent, site);
    return child_;
  }
  pool_child<T> child_;
};

/// What `to_pool` returns for a function that gives a task. It can be moved until it is awaited;
/// the operation cannot, because the child holds its address.
template <class T>
class [[nodiscard("nothing is called until it is awaited")]] pool_task_bundle {
 public:
  pool_task_bundle(pool* where, task<T>&& body) noexcept : where_(where), body_(std::move(body)) {}
  pool_task_operation<T> operator co_await() && {
    return pool_task_operation<T>(where_, std::move(body_));
  }

 private:
  pool* where_;
  task<T> body_;
};

/// Calls the function on the pool and awaits the task that it gives. The frame keeps the function
/// and the arguments until that task has ended, so the task may use them.
template <class T, class F, class... Args>
task<T> call_task(F function, Args... args) {
  co_return co_await std::invoke(std::move(function), std::move(args)...);
}

}  // namespace lariat::detail
