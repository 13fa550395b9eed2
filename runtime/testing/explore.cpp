#include <lariat/runtime/testing/explore.hpp>

#include <lariat/sched/loop/detail/failure_text.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace lariat::testing {

void detail::explore(const explore_options& options, const scenario_function& run) {
  const bool one = std::getenv("LARIAT_SEED") != nullptr;
  for (std::uint64_t index = 0; index < (one ? 1 : options.seeds); ++index) {
    simulation_options chosen = options.simulation;
    chosen.seed = options.first_seed + index;
    testing::simulation world(chosen);
    run_and_name_seed(world, run);
  }
}

void detail::run_and_name_seed(testing::simulation& world, const scenario_function& run) {
  try {
    run(world);
  } catch (...) {
    std::fprintf(stderr, "lariat: seed %llu failed: %s\nLARIAT_SEED=%llu replays it\n",
                 static_cast<unsigned long long>(world.seed()),
                 lariat::detail::exception_text(std::current_exception()).c_str(),
                 static_cast<unsigned long long>(world.seed()));
    throw;
  }
}

}  // namespace lariat::testing
