#pragma once

#include <lariat/sched/parallel/detail/split.hpp>
#include <lariat/sched/parallel/parallel_options.hpp>
#include <lariat/sched/pool/fork_join.hpp>
#include <lariat/sched/pool/to_pool.hpp>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace lariat {
namespace detail {

template <class Function>
fork_task<std::invoke_result_t<Function&>> run_function(Function* function) {
  co_return std::invoke(*function);
}

template <class... Function>
fork_task<all_values<value_of<std::invoke_result_t<Function&>>...>> run_functions(
    Function... functions) {
  (void)stop_all_on_failure();
  co_return co_await fork_join(run_function(&functions)...);
}

}  // namespace detail

/// Calls 2 to 6 functions, in parallel if workers are free, and gives their values in order.
///
/// \throws the exception of the first function, in order, that threw, when all that had started
/// have ended. The others are not started then.
///
/// \par Cancellation
/// Functions that have not started do not start, the others run on; see `parallel_for`.
template <std::invocable... Function>
  requires(sizeof...(Function) >= 2 && sizeof...(Function) <= 6)
[[nodiscard]] auto parallel_invoke(Function... functions) {
  return detail::make_pool_call(nullptr, &detail::run_functions<Function...>,
                                std::move(functions)...);
}

}  // namespace lariat
