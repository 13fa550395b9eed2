#pragma once

#include <lariat/runtime/runtime.hpp>
#include <lariat/sched/spawn.hpp>
#include <lariat/sched/task.hpp>

#include <cstddef>
#include <utility>

namespace lariat {

namespace detail {

/// The runtime that this thread's loop belongs to.
/// \throws std::logic_error if there is none.
[[nodiscard]] runtime& require_runtime(const char* operation);

}  // namespace detail

/// Runs `function(args...)`, which gives a task, on the loop of that number, and gives its result
/// here: the awaiter resumes on its own loop. What the function opens belongs to that other loop.
///
/// \throws std::out_of_range if there is no such loop.
///
/// \par Cancellation
/// Passed on to the task, whose end is waited for.
template <class Function, class... Args>
  requires detail::spawnable<Function, Args...>
task<detail::spawned_value<Function, Args...>> to_loop(std::size_t index, Function function,
                                                       Args... args) {
  auto spawner = detail::require_runtime("to_loop").spawner_at(index);
  auto handle = spawner.spawn(spawn_options{"to_loop"}, std::move(function), std::move(args)...);
  co_return co_await handle;
}

}  // namespace lariat
