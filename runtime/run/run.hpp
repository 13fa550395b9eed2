#pragma once

#include <lariat/runtime/run/options.hpp>
#include <lariat/runtime/run/runtime.hpp>
#include <lariat/sched/coroutine/detail/call_check.hpp>
#include <lariat/sched/task/task.hpp>

#include <type_traits>
#include <utility>

namespace lariat {

namespace detail {

/// \throws std::logic_error inside a running loop.
void refuse_nested_run();

}  // namespace detail

/// Runs a program's main task: makes a runtime, runs `main` on this thread, then cancels every
/// other task, waits for their end and gives `main`'s result (asyncio.run). What `main` throws it
/// throws; `run_main` prints that and gives an exit status instead.
///
/// SIGINT cancels `main` once; see runtime_options::sigint.
///
/// \throws what `main` throws, also operation_cancelled, if `main` was cancelled and ended by that;
/// exception_group of the failures of tasks that nobody awaited;
/// io::io_uring_unavailable; std::logic_error inside a running loop.
template <class T>
T run(task<T> main, runtime_options options = {}) {
  detail::refuse_nested_run();
  runtime program(options);
  if constexpr (std::is_void_v<T>) {
    program.block_on(std::move(main));
    program.shutdown();
  } else {
    T result = program.block_on(std::move(main));
    program.shutdown();
    return result;
  }
}

/// Chosen for an argument that is no task: its static_assert says what to write.
template <class Function>
  requires(!detail::is_task<std::remove_cvref_t<Function>>)
auto run(Function&&, runtime_options = {}) {
  static_assert(detail::never<Function>,
                "run takes a task: a function that gives one is to be called, as in run(work())");
}

}  // namespace lariat
