#pragma once

#include <lariat/sched/context.hpp>
#include <lariat/sched/detail/awaiter.hpp>
#include <lariat/sched/detail/root_task.hpp>
#include <lariat/sched/loop.hpp>
#include <lariat/sched/task.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace lariat::detail {

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

/// Any awaitable as a task: tasks as they are, operations in a coroutine of their own.
template <class Awaitable>
task<await_result_t<Awaitable>> as_task(Awaitable awaitable) {
  co_return co_await std::move(awaitable);
}
template <class T>
task<T> as_task(task<T> awaitable) noexcept {
  return awaitable;
}

/// Who has children: told once for each, when it has finished.
class child_owner {
 public:
  virtual void child_finished(context& child, const std::exception_ptr& error) noexcept = 0;

 protected:
  ~child_owner() = default;
};

/// A child of a combinator: a task with a context of its own, so that it can be cancelled alone.
/// It starts through the ready queue: children that have children need no stack.
template <class T>
class child final : public context, private return_point {
 public:
  /// \throws std::logic_error if the task is empty.
  explicit child(task<T>&& body) : return_point(&child::returned), body_(std::move(body)) {}
  ~child() = default;

  void start(child_owner& told, const context& parent, std::source_location site) noexcept {
    told_ = &told;
    parent_ = &parent;
    place(*parent.owner(), site);
    attach();
    owner()->ready(*this);
  }

  [[nodiscard]] slot<T>& result() noexcept { return body_.result(); }

  [[nodiscard]] const context* parent() const noexcept override { return parent_; }

  void run() noexcept override {
    // A cancel before the start: the body never runs.
    if (must_cancel()) {
      try {
        throw_cancelled();
      } catch (...) {
        return refuse(std::current_exception());
      }
    }
    try {
      body_.start(*this, *this);
    } catch (...) {
      refuse(std::current_exception());
    }
  }

 private:
  void refuse(std::exception_ptr error) noexcept {
    result().fail(std::move(error));
    finish();
  }

  void finish() noexcept {
    detach();
    const slot<T>& ended = result();
    told_->child_finished(*this, ended.has_error() ? ended.error() : std::exception_ptr());
  }

  static void returned(return_point* self) noexcept { static_cast<child*>(self)->finish(); }

  root_task<T> body_;
  child_owner* told_ = nullptr;
  const context* parent_ = nullptr;
};

}  // namespace lariat::detail
