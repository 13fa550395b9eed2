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

/// The part of `to_pool` of a task that does not depend on its type: a child that runs on the pool.
class pool_task_base : public starting_operation<pool_task_base, one_child_operation>,
                       public child_owner {
 public:
  void run() noexcept final;
  [[nodiscard]] operation_info info() const noexcept final { return {"to_pool"}; }

 protected:
  /// `where` is null for the pool of whoever calls.
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

/// A child on a pool, of a task elsewhere.
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

/// What `to_pool` of a task is until it is awaited. Movable.
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

/// Calls the function, on the pool, and keeps it with its arguments until the task has ended.
template <class T, class F, class... Args>
task<T> call_task(F function, Args... args) {
  co_return co_await std::invoke(std::move(function), std::move(args)...);
}

}  // namespace lariat::detail
