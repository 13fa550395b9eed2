#include <lariat/runtime/testing/cancel_everywhere.hpp>

#include <lariat/runtime/testing/detail/machine.hpp>
#include <lariat/sched/cancelled.hpp>
#include <lariat/sched/detail/failure_text.hpp>
#include <lariat/sched/exception_group.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <system_error>

namespace lariat::testing {

/// One disturbed run of a scenario.
class simulation_probe {
 public:
  simulation_probe(const simulation_options& options, std::uint64_t seed)
      : world_(with_seed(options, seed)) {
    world_.machine_->probing = true;
  }

  void cancel_at(std::uint64_t point) noexcept { world_.machine_->cancel_at = point; }
  void fail_at(std::uint64_t call) noexcept { world_.machine_->kernel.world().set_fault_at(call); }
  [[nodiscard]] simulation& world() noexcept { return world_; }
  [[nodiscard]] sweep_result counts() const noexcept {
    return {world_.machine_->points, world_.machine_->kernel.world().calls()};
  }

 private:
  static simulation_options with_seed(simulation_options options, std::uint64_t seed) noexcept {
    options.seed = seed;
    return options;
  }

  simulation world_;
};

namespace {

// Whether it is what an error of the kernel may come to, or the end of a peer.
bool is_system_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error&) {
    return true;
  } catch (const exception_group& group) {
    for (const std::exception_ptr& each : group.errors()) {
      if (!is_system_error(each)) return false;
    }
    return true;
  } catch (...) {
    return false;
  }
}

[[noreturn]] void fail(simulation_probe& probe, const std::string& where) {
  const std::string seed = std::to_string(probe.world().seed());
  const std::string text = "seed " + seed + ", " + where + ": " +
                           lariat::detail::exception_text(std::current_exception());
  std::fprintf(stderr, "lariat: %s\nLARIAT_SEED=%s replays it\n", text.c_str(), seed.c_str());
  throw simulation_failure(text);
}

void run_disturbed(simulation_probe& probe, const detail::scenario_function& run,
                   const std::string& where) {
  try {
    run(probe.world());
  } catch (const operation_cancelled&) {
    // As was to be expected.
  } catch (...) {
    // A cancelled task's peers may well see their connections end.
    if (!is_system_error(std::current_exception())) fail(probe, where);
  }
}

}  // namespace

sweep_result detail::cancel_everywhere(const sweep_options& options, const scenario_function& run) {
  sweep_result all;
  const bool one = std::getenv("LARIAT_SEED") != nullptr;
  for (std::uint64_t index = 0; index < (one ? 1 : options.seeds); ++index) {
    const std::uint64_t seed = options.first_seed + index;
    simulation_probe undisturbed(options.simulation, seed);
    run(undisturbed.world());
    const sweep_result here = undisturbed.counts();
    for (std::uint64_t point = 0; options.cancels && point < here.points; ++point) {
      simulation_probe probe(options.simulation, seed);
      probe.cancel_at(point);
      run_disturbed(probe, run, "cancelled at point " + std::to_string(point));
    }
    for (std::uint64_t call = 0; options.faults && call < here.calls; ++call) {
      simulation_probe probe(options.simulation, seed);
      probe.fail_at(call);
      run_disturbed(probe, run, "operation " + std::to_string(call) + " failing");
    }
    all.points += here.points;
    all.calls += here.calls;
  }
  return all;
}

}  // namespace lariat::testing
