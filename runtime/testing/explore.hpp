#pragma once

#include <lariat/runtime/testing/simulation.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace lariat::testing {

/// What is tried with one seed: a function of the simulation. It may give a task, which is run, or
/// call `run` itself, and look at the world before and after.
template <class F>
concept scenario = std::invocable<F&, simulation&> &&
                   (std::is_void_v<std::invoke_result_t<F&, simulation&>> ||
                    std::same_as<std::invoke_result_t<F&, simulation&>, task<>>);

/// Which seeds.
struct explore_options {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 1000;  ///< How many, one after the other. LARIAT_SEED: only that one.
  simulation_options simulation = {};
};

namespace detail {

using scenario_function = std::function<void(testing::simulation&)>;

void explore(const explore_options& options, const scenario_function& run);

/// Runs it in `world`. If it throws, says on stderr by which seed that is replayed, and rethrows.
void run_and_name_seed(testing::simulation& world, const scenario_function& run);

template <scenario Scenario>
scenario_function to_function(Scenario& what) {
  return [&what](testing::simulation& world) {
    if constexpr (std::is_void_v<std::invoke_result_t<Scenario&, testing::simulation&>>) {
      what(world);
    } else {
      world.run(what(world));
    }
  };
}

}  // namespace detail

/// Runs a scenario in a fresh simulation for each of many seeds. Stops at the first that fails,
/// which is any that throws, and says on stderr which it was.
///
/// \throws what the scenario throws.
template <scenario Scenario>
void explore(const explore_options& options, Scenario what) {
  detail::explore(options, detail::to_function(what));
}

/// The same with a number of seeds.
template <scenario Scenario>
void explore(std::uint64_t seeds, Scenario what) {
  explore_options options;
  options.seeds = seeds;
  explore(options, std::move(what));
}

}  // namespace lariat::testing
