#pragma once

#include <lariat/sched/coroutine/detail/awaiter.hpp>
#include <lariat/sched/coroutine/detail/call_check.hpp>
#include <lariat/sched/loop/context.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/task/detail/body_or_result.hpp>
#include <lariat/sched/task/detail/pool_run.hpp>
#include <lariat/sched/task/task.hpp>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace lariat::detail {

/// Makes a task of any awaitable: a task stays as it is, an operation is awaited by a coroutine of
/// its own.
template <class Awaitable>
task<await_result_t<Awaitable>> as_task(Awaitable awaitable) {
  co_return co_await std::move(awaitable);
}
template <class T>
task<T> as_task(task<T> awaitable) noexcept {
  return awaitable;
}

/// Makes a task of a combinator's argument.
template <class Awaitable>
auto as_child(Awaitable&& awaitable) {
  using kept = std::remove_cvref_t<Awaitable>;
  if constexpr (!can_be_awaited<kept>) {
    static_assert(never<kept>,
                  "this awaits tasks and operations, and was given something else: a function that "
                  "gives a task is to be called, as in timeout(1s, work())");
    return task<>();
  } else if constexpr (std::constructible_from<kept, Awaitable>) {
    return as_task(kept(std::forward<Awaitable>(awaitable)));
  } else {
    static_assert(!std::move_constructible<kept>,
                  "a task is awaited once: one that has a name is handed over by std::move");
    static_assert(std::move_constructible<kept>,
                  "this cannot be moved into a task of its own, as a generator's next(): await it "
                  "in one, auto next = [&]() -> task<std::optional<T>> { co_return co_await "
                  "generator.next(); }; and give that, as in timeout(1s, next())");
    return task<>();
  }
}

/// The type of that task's value.
template <class Awaitable>
using child_value_t = typename decltype(as_child(std::declval<Awaitable>()))::value_type;

/// The owner of children; told once for each, when it has finished.
class child_owner {
 public:
  virtual void child_finished(context& child, const std::exception_ptr& error) noexcept = 0;

 protected:
  ~child_owner() = default;
};

/// A child of a combinator: a task with a context of its own, so that it can be cancelled alone. It
/// starts through the ready queue, so that nested children need no stack. Children of a task on a
/// pool run on the pool, in parallel.
template <class T>
class child_base : public context, private return_point {
 public:
  /// \throws std::logic_error if the task is empty.
  explicit child_base(task<T>&& body)
      : return_point(&child_base::resumed), place_(std::move(body)) {}

  void start(child_owner& told, const context& parent, std::source_location site) noexcept {
    told_ = &told;
    parent_ = &parent;
    place(*parent.owner(), site);
    inherit_from(parent);
    if (parent.computing_on() != nullptr) mark_on_pool();
    attach();
    owner()->ready(*this);
  }

  /// \pre The child has ended.
  [[nodiscard]] slot<T>& result() noexcept { return place_.result(); }

  [[nodiscard]] const context* parent() const noexcept final { return parent_; }

  void first_run() noexcept final {
    // It was cancelled before the start, so the body never runs.
    if (must_cancel()) return refuse(take_cancelled());
    try {
      if (executor* const there = computing_on()) return run_on(*there);
      place_.body().start(*this, *this);
    } catch (...) {
      refuse(std::current_exception());
    }
  }

 protected:
  ~child_base() { place_.destroy(has_result_); }

 private:
  [[nodiscard]] executor* find_pool() const noexcept override { return parent_->computing_on(); }

  [[gnu::noinline, gnu::cold]] void run_on(executor& there) {
    auto run = std::make_unique<pool_run>(*this, &child_base::back_from_pool, this);
    const std::coroutine_handle<> body = place_.body().start_on_pool(*this, run->back());
    run.release()->start(there, body);
  }

  void refuse(std::exception_ptr error) noexcept {
    place_.fail(std::move(error));
    finish();
  }

  void returned() noexcept {
    place_.become_result();
    finish();
  }

  void finish() noexcept {
    has_result_ = true;
    const slot<T>& ended = result();
    detach(!ended.has_error());
    told_->child_finished(*this, ended.has_error() ? ended.error() : std::exception_ptr());
  }

  static void resumed(return_point* self) noexcept { static_cast<child_base*>(self)->returned(); }
  static void back_from_pool(void* self) noexcept { static_cast<child_base*>(self)->returned(); }

  body_or_result<T> place_;
  bool has_result_ = false;
  child_owner* told_ = nullptr;
  const context* parent_ = nullptr;
};

template <class T>
class child final : public child_base<T> {
 public:
  using child_base<T>::child_base;
};

}  // namespace lariat::detail
