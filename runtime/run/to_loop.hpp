#pragma once

#include <lariat/runtime/run/runtime.hpp>
#include <lariat/sched/task/spawn.hpp>
#include <lariat/sched/task/task.hpp>

#include <coroutine>
#include <cstddef>
#include <memory>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lariat {

namespace detail {

/// The runtime that this thread's loop belongs to.
/// \throws std::logic_error if there is none.
[[nodiscard]] runtime& require_runtime(const char* operation);

/// Tells a task on whose behalf it runs and where it is awaited, without suspending it.
/// \throws operation_cancelled if it was cancelled before.
class [[nodiscard]] own_place {
 public:
  using bound_to_loop = void;

  struct value {
    const context& task;
    std::source_location site;
  };
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    task_ = caller.promise().task_context();
    const promise_base* awaiter = caller.promise().awaiter();
    site_ = awaiter == nullptr ? task_->spawn_site() : awaiter->site();
    return false;
  }
  value await_resume() const {
    if (task_->must_cancel()) task_->throw_cancelled();
    return {*task_, site_};
  }

 private:
  context* task_ = nullptr;
  std::source_location site_;
};

/// To another loop, as a child of a task that waits for it.
struct child_place {
  loop& where;
  const context& parent;
};

/// A spawned task's record that says so.
template <class T, class... Parts>
class child_call final : public spawned_call<T, Parts...> {
 public:
  template <class... P>
  child_call(const context& parent, std::string_view name, P&&... parts)
      : spawned_call<T, Parts...>(name, std::forward<P>(parts)...), parent_(parent) {}
  [[nodiscard]] const context* parent() const noexcept override { return &parent_; }

 private:
  const context& parent_;
};

template <class T, class... Parts>
std::unique_ptr<child_call<T, std::decay_t<Parts>...>> make_record(const child_place& place,
                                                                   std::string_view name,
                                                                   Parts&&... parts) {
  using record = child_call<T, std::decay_t<Parts>...>;
  return std::make_unique<record>(place.parent, name, std::forward<Parts>(parts)...);
}

}  // namespace detail

/// Runs `function(args...)`, which gives a task, on the loop of that number, and gives its result
/// here: the awaiter resumes on its own loop. Operations that the function starts belong to that
/// other loop, and it may not refer to what tasks of this one change meanwhile.
///
/// \throws std::out_of_range if there is no such loop.
///
/// \par Cancellation
/// Passed on to the task, whose end is waited for.
template <class Function, class... Args>
  requires detail::spawnable<Function, Args...>
task<detail::spawned_value<Function, Args...>> to_loop(std::size_t index, Function function,
                                                       Args... args) {
  const auto own = co_await detail::own_place();
  // A child: at the runtime's end it is cancelled with the awaiter, and not where that masks it.
  const detail::child_place place{detail::require_runtime("to_loop").loop_at(index), own.task};
  auto handle = detail::launch(place, "to_loop", own.site, std::move(function), std::move(args)...);
  co_return co_await handle;
}

/// Takes what the other form does not, and says what is wrong with it.
template <class Function, class... Args>
  requires detail::not_spawnable_with_options<Function, Args...>
auto to_loop(std::size_t, Function&&, Args&&...) {
  static_assert(!detail::wants_reference<Function, Args...>,
                "to_loop copies the arguments into the task, and this function takes one by "
                "reference: say std::ref(argument) if both loops may use it");
  static_assert(detail::wants_reference<Function, Args...>,
                "to_loop takes a function that gives a task<T> when it is called with copies of "
                "these arguments");
  return task<>();
}

}  // namespace lariat
