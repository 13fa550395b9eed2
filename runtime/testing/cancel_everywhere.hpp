#pragma once

#include <lariat/runtime/testing/explore.hpp>

#include <cstdint>
#include <utility>

namespace lariat::testing {

/// What `cancel_everywhere` tries.
struct sweep_options {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 1;  ///< All points of each. LARIAT_SEED: only that one.
  bool cancels = true;      ///< A cancel of the main task, once at each point.
  /// Cancels of other tasks, spawned ones and children of combinators, at the points of each. So
  /// many of each seed at most: if there are more, a choice from beginning to end.
  std::uint64_t task_cancels = 100;
  bool faults = true;  ///< An error of the kernel, once at each operation.
  simulation_options simulation = {};
};

/// How much there was to try.
struct sweep_result {
  std::uint64_t points = 0;       ///< Moments at which the main task was suspended.
  std::uint64_t task_points = 0;  ///< The same of all other tasks, those of each counted.
  std::uint64_t calls = 0;        ///< Operations of the kernel that may fail.
};

namespace detail {

sweep_result cancel_everywhere(const sweep_options& options, const scenario_function& run);

}  // namespace detail

/// Runs a scenario once undisturbed, and then again for each point at which it can be disturbed:
/// with a cancel of its main task at each moment at which that is suspended (a moment being the gap
/// between two steps of the loop, so before, while and after each operation completes), with a
/// cancel of another task that is, and with one error of the kernel at each operation.
///
/// Whatever the disturbance, the scenario has to end, by itself, by operation_cancelled or by a
/// std::system_error (an exception_group of them); no task may be left waiting, no operation in
/// flight, no descriptor open. What else must hold, no byte lost for instance, the scenario checks
/// itself: it may catch the disturbance, look, and rethrow it.
///
/// \throws simulation_failure that names the seed and the point; what the scenario throws if it is
/// not disturbed.
template <scenario Scenario>
sweep_result cancel_everywhere(const sweep_options& options, Scenario what) {
  return detail::cancel_everywhere(options, detail::to_function(what));
}

/// The same with one seed.
template <scenario Scenario>
sweep_result cancel_everywhere(Scenario what) {
  return cancel_everywhere(sweep_options(), std::move(what));
}

}  // namespace lariat::testing
