#pragma once

#include <lariat/sched/scope/uncancellable.hpp>
#include <lariat/sched/task/detail/child.hpp>
#include <lariat/sched/task/task.hpp>

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace lariat {

/// Cleanups that run at the end of a scope, however it ends, and that may await, which destructors
/// cannot (Python's AsyncExitStack). Made by `exit_scope::with`.
class exit_scope {
 public:
  exit_scope(const exit_scope&) = delete;
  exit_scope& operator=(const exit_scope&) = delete;

  /// Runs `body(scope)`, which gives a task, then the cleanups, and gives the body's value or
  /// throws its exception. The cleanups run one after the other, the last one first, also if the
  /// body throws or is cancelled, and if a cleanup before them throws.
  ///
  /// \throws the body's exception, otherwise the first that a cleanup throws. The others are
  /// dropped.
  ///
  /// \par Cancellation
  /// Cancels the body. Cleanups are uncancellable.
  template <class Body>
    requires detail::gives_task<Body&, exit_scope&>
  [[nodiscard]] static auto with(Body body) -> std::invoke_result_t<Body&, exit_scope&>;

  /// Chosen for arguments that the other form does not accept; its static_assert says what is
  /// wrong.
  template <class Body>
    requires(!detail::gives_task<Body&, exit_scope&>)
  static auto with(Body&&) {
    static_assert(detail::never<Body>,
                  "exit_scope::with takes a function of the scope that gives a task: "
                  "exit_scope::with([&](exit_scope& scope) -> task<> { ... co_return; })");
    return std::suspend_never();
  }

  /// Adds a cleanup: `function()` gives a task. Function and captures live until it has run.
  template <class Function>
    requires std::invocable<Function&>
  void on_exit(Function function) {
    static_assert(std::is_same_v<std::invoke_result_t<Function&>, task<>>,
                  "a cleanup gives a task<>");
    // Shared, because std::function must be able to copy what it holds.
    auto held = std::make_shared<Function>(std::move(function));
    cleanups_.emplace_back([held] { return (*held)(); });
  }

  /// Forgets all cleanups, for when what they would undo is to stay.
  void release() noexcept { cleanups_.clear(); }

 private:
  exit_scope() = default;

  /// Runs the cleanups. Gives the first exception.
  task<std::exception_ptr> leave();

  std::vector<std::function<task<>()>> cleanups_;
};

template <class Body>
  requires detail::gives_task<Body&, exit_scope&>
auto exit_scope::with(Body body) -> std::invoke_result_t<Body&, exit_scope&> {
  using value = typename std::invoke_result_t<Body&, exit_scope&>::value_type;
  exit_scope scope;
  detail::slot<value> result;
  try {
    if constexpr (std::is_void_v<value>) {
      co_await body(scope);
      result.emplace();
    } else {
      value made = co_await body(scope);
      result.emplace(std::forward<value>(made));
    }
  } catch (...) {
    result.fail(std::current_exception());
  }
  const std::exception_ptr failed = co_await uncancellable(scope.leave());
  if (failed != nullptr && !result.has_error()) std::rethrow_exception(failed);
  co_return result.take();
}

}  // namespace lariat
