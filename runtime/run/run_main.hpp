#pragma once

#include <lariat/runtime/run/options.hpp>
#include <lariat/runtime/run/run.hpp>
#include <lariat/runtime/run/runtime.hpp>
#include <lariat/sched/coroutine/detail/call_check.hpp>
#include <lariat/sched/task/task.hpp>

#include <concepts>
#include <functional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace lariat {

namespace detail {

/// Prints the exception that is being handled, which has left the main task, and where that task
/// had awaited last, if it had. Gives 1.
int report_main_failure(std::source_location last_await = {}) noexcept;

/// Shuts the runtime down. Gives `status`, or 1 if that is 0 and tasks failed that nobody awaited.
int end_main(runtime& program, int status) noexcept;

template <class T>
int run_main_task(runtime& program, task<T> main) {
  static_assert(std::is_void_v<T> || std::is_same_v<T, int>,
                "the main task gives the exit status, as a task<int>, or nothing, as a task<>");
  std::source_location last_await;
  int status = 0;
  try {
    if constexpr (std::is_void_v<T>) {
      block_on_main(program, std::move(main), last_await);
    } else {
      status = block_on_main(program, std::move(main), last_await);
    }
  } catch (...) {
    status = report_main_failure(last_await);  // At once: the end of the other tasks may take long.
  }
  return end_main(program, status);
}

template <class MakeMain>
int run_made_main(const runtime_options& options, MakeMain make) noexcept {
  try {
    refuse_nested_run();
    runtime program(options);
    return run_main_task(program, make());
  } catch (...) {
    return report_main_failure();
  }
}

}  // namespace detail

/// All that `main` has to say: `int main() { return lariat::run_main(main_task()); }`. Does what
/// `run` does, but what that would throw is printed on stderr, as "PROGRAM: what()", with the
/// causes of nested exceptions and the parts of groups on lines of their own and the place of the
/// main task's last await; the exit status is 1 then. (As Python and Node end a program; an
/// exception that leaves `main` ends it by abort, often without a word.)
///
/// Gives the value of a task<int>, and 0 for a task<>. Where io_uring is not to be had it prints
/// the cause and the remedy. A program that SIGINT has cancelled ends by SIGINT, which is 130 to a
/// shell; see runtime_options::sigint.
template <class T>
int run_main(task<T> main, runtime_options options = {}) noexcept {
  return detail::run_made_main(options, [&] { return std::move(main); });
}

/// The same for a function that gives the task: `run_main(main_task, argc, argv)`. Also what it
/// throws before its first await is printed, and a lambda with captures lives until the end.
template <class Function, class... Args>
  requires detail::gives_task<Function&, Args...>
int run_main(Function&& function, Args&&... args) noexcept {
  return run_main(runtime_options(), std::forward<Function>(function), std::forward<Args>(args)...);
}

/// The same with options: `run_main({.loops = 4}, main_task, argc, argv)`.
template <class Function, class... Args>
  requires detail::gives_task<Function&, Args...>
int run_main(const runtime_options& options, Function&& function, Args&&... args) noexcept {
  return detail::run_made_main(options,
                               [&] { return std::invoke(function, std::forward<Args>(args)...); });
}

/// Takes what the other forms do not, and says what is wrong with it.
template <class Function, class... Args>
  requires(!std::same_as<std::remove_cvref_t<Function>, runtime_options> &&
           !detail::gives_task<Function&, Args...>)
int run_main(Function&&, Args&&...) {
  static_assert(detail::never<Function>,
                "run_main takes a task, run_main(main_task()), or a function that gives one with "
                "its arguments, run_main(main_task, argc, argv)");
  return 1;
}

}  // namespace lariat
