#pragma once

#include <lariat/sched/loop/operation.hpp>
#include <lariat/sched/task/detail/child.hpp>
#include <lariat/sched/task/exception_group.hpp>
#include <lariat/sched/task/spawn.hpp>

#include <exception>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lariat {

/// A scope for tasks: `co_await task_group::with([&](task_group& g) -> task<> { g.spawn(f); })`
/// ends when the body and all children that it spawned have ended, so children may use variables
/// that live around it. They must not use locals of the body itself, which are destroyed when it
/// returns: see docs/tasks.md.
///
/// The first failure cancels the body and every child; when all have ended, the failures are thrown
/// together as an exception_group. A child that was cancelled is no failure (asyncio's TaskGroup).
///
/// \par Threads
/// On the loop's thread only.
class task_group : public detail::spawner<task_group>, protected detail::spawn_scope {
 public:
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;

  /// Runs `body(group)` and waits for it and for every child; gives the body's value. The body, a
  /// function that gives a task, is kept until then.
  ///
  /// \throws exception_group if the body or any child failed.
  ///
  /// \par Cancellation
  /// Cancels the body and the children and waits for their end. If one of them ended by that
  /// cancel, so does this, even if the body had its value before. If any failed, the failures are
  /// thrown instead.
  template <class Body>
    requires detail::gives_task<Body&, task_group&>
  [[nodiscard]] static auto with(Body body);

  /// Chosen for arguments that the other form does not accept; its static_assert says what is
  /// wrong.
  template <class Body>
    requires(!detail::gives_task<Body&, task_group&>)
  static auto with(Body&&) {
    static_assert(detail::never<Body>,
                  "task_group::with takes a function of the group that gives a task: "
                  "task_group::with([&](task_group& group) -> task<> { ... co_return; })");
    return std::suspend_never();
  }

  /// Asks the body and every child to end. A child that is spawned later is cancelled before its
  /// start; that can happen because a body whose await has its value already, of an accept for
  /// instance, goes on to its next await.
  void cancel(std::string_view reason = {}) noexcept;

  /// How many children have not ended.
  [[nodiscard]] std::size_t size() const noexcept { return child_count(); }

 protected:
  task_group() = default;
  ~task_group() = default;

  void open(loop& owner, const context& parent) noexcept;
  void fail(const std::exception_ptr& error) noexcept;

  /// Called when all have ended: later `spawn`s throw.
  void close() noexcept { closed_ = true; }
  [[nodiscard]] const std::vector<std::exception_ptr>& errors() const noexcept { return errors_; }

  /// Whether the body and all children have been asked to end.
  [[nodiscard]] bool ending() const noexcept { return ending_; }

  /// Called when the last child has ended, and when the group has to end.
  virtual void children_ended() noexcept = 0;
  virtual void cancel_body(std::string_view reason) noexcept = 0;

  /// Called when a child has ended by a cancel, whatever its source.
  virtual void child_cancelled() noexcept = 0;

 private:
  friend class detail::spawner<task_group>;
  [[nodiscard]] detail::scoped_place spawn_here();
  void scope_child_finished(context& child, const std::exception_ptr& error) noexcept final;

  loop* owner_ = nullptr;
  const context* parent_ = nullptr;
  std::vector<std::exception_ptr> errors_;
  bool ending_ = false;
  bool closed_ = false;
};

namespace detail {

/// The part of `task_group::with` that does not depend on the body's type.
class group_operation_base : public starting_operation<group_operation_base>,
                             public child_owner,
                             public task_group {
 public:
  void cancel() noexcept final;
  [[nodiscard]] operation_info info() const noexcept final { return {"task_group"}; }
  [[nodiscard]] const context* only_child() const noexcept final {
    return size() == 0 ? body_ : nullptr;
  }
  woken_by depends_on(dependency_visitor& visit) const final;

 protected:
  virtual context& start_body(const context& parent, std::source_location site) = 0;

  /// Throws the group's failures, or a cancel, if there are any.
  void rethrow_error() const;

 private:
  friend starting_operation;
  bool start();
  void child_finished(context& body, const std::exception_ptr& error) noexcept final;
  void children_ended() noexcept final;
  void cancel_body(std::string_view reason) noexcept final;
  void child_cancelled() noexcept final;
  void end() noexcept;

  context* body_ = nullptr;  // While it runs.
  std::exception_ptr body_cancelled_;
  bool refused_ = false;
  bool cancelled_ = false;
  bool cut_short_ = false;  // The awaiter's cancel ended the body or a child.
};

template <class T, class Body>
class [[nodiscard]] group_operation final : public group_operation_base {
 public:
  explicit group_operation(Body&& body) : body_(std::move(body)) {}

  T await_resume() {
    rethrow_error();
    return child_->result().take();
  }

 private:
  context& start_body(const context& parent, std::source_location site) override {
    child_.emplace(body_(static_cast<task_group&>(*this)));
    child_->start(*this, parent, site);
    return *child_;
  }

  Body body_;
  std::optional<child<T>> child_;
};

template <class Body>
class [[nodiscard("it does nothing until it is awaited")]] group_bundle {
 public:
  using value = typename std::invoke_result_t<Body&, task_group&>::value_type;
  explicit group_bundle(Body&& body) : body_(std::move(body)) {}
  group_operation<value, Body> operator co_await() && {
    return group_operation<value, Body>(std::move(body_));
  }

 private:
  Body body_;
};

}  // namespace detail

template <class Body>
  requires detail::gives_task<Body&, task_group&>
auto task_group::with(Body body) {
  return detail::group_bundle<Body>(std::move(body));
}

}  // namespace lariat
