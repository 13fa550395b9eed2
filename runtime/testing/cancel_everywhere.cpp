#include <lariat/runtime/testing/cancel_everywhere.hpp>

#include <lariat/io/testing/detail/random_source.hpp>
#include <lariat/runtime/testing/detail/machine.hpp>
#include <lariat/sched/cancel/cancelled.hpp>
#include <lariat/sched/loop/detail/failure_text.hpp>
#include <lariat/sched/task/exception_group.hpp>

#include <algorithm>
#include <cstdint>
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

  void cancel_at(std::uint64_t point) noexcept { world_.machine_->main_task.cancel_at = point; }
  void cancel_other_at(std::uint64_t point) noexcept {
    world_.machine_->other_tasks.cancel_at = point;
  }
  void fail_at(std::uint64_t call) noexcept { world_.machine_->kernel.world().set_fault_at(call); }
  [[nodiscard]] simulation& world() noexcept { return world_; }
  [[nodiscard]] sweep_result counts() const noexcept {
    simulation::machine& machine = *world_.machine_;
    return {machine.main_task.seen, machine.other_tasks.seen, machine.kernel.world().calls()};
  }
  /// Which other task was cancelled, as text; empty if none was.
  [[nodiscard]] const std::string& cancelled() const noexcept { return world_.machine_->cancelled; }

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
  const std::string who = probe.cancelled().empty() ? std::string() : ' ' + probe.cancelled();
  const std::string text = "seed " + seed + ',' + who + ' ' + where + ": " +
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

void cancel_main_task(const simulation_options& options, const detail::scenario_function& run,
                      std::uint64_t seed, std::uint64_t points) {
  for (std::uint64_t point = 0; point < points; ++point) {
    simulation_probe probe(options, seed);
    probe.cancel_at(point);
    run_disturbed(probe, run, "cancelled at point " + std::to_string(point));
  }
}

// Cancels others at `tries` of their points: one of each of so many stretches.
void cancel_other_tasks(const simulation_options& options, const detail::scenario_function& run,
                        std::uint64_t seed, std::uint64_t points, std::uint64_t tries) {
  io::testing::random_source chance(seed);
  for (std::uint64_t index = 0; index < tries; ++index) {
    const std::uint64_t begin = index * points / tries;
    const std::uint64_t end = (index + 1) * points / tries;
    const std::uint64_t point = begin + chance.below(end - begin);
    simulation_probe probe(options, seed);
    probe.cancel_other_at(point);
    run_disturbed(probe, run, "cancelled at point " + std::to_string(point));
  }
}

void fail_operations(const simulation_options& options, const detail::scenario_function& run,
                     std::uint64_t seed, std::uint64_t calls) {
  for (std::uint64_t call = 0; call < calls; ++call) {
    simulation_probe probe(options, seed);
    probe.fail_at(call);
    run_disturbed(probe, run, "operation " + std::to_string(call) + " failing");
  }
}

}  // namespace

sweep_result detail::cancel_everywhere(const sweep_options& options, const scenario_function& run) {
  sweep_result all;
  const bool one = std::getenv("LARIAT_SEED") != nullptr;
  for (std::uint64_t index = 0; index < (one ? 1 : options.seeds); ++index) {
    simulation_probe undisturbed(options.simulation, options.first_seed + index);
    run_and_name_seed(undisturbed.world(), run);
    const std::uint64_t seed = undisturbed.world().seed();
    const sweep_result here = undisturbed.counts();
    const std::uint64_t others = std::min(here.task_points, options.task_cancels);
    if (options.cancels) cancel_main_task(options.simulation, run, seed, here.points);
    cancel_other_tasks(options.simulation, run, seed, here.task_points, others);
    if (options.faults) fail_operations(options.simulation, run, seed, here.calls);
    all.points += here.points;
    all.task_points += here.task_points;
    all.calls += here.calls;
  }
  return all;
}

}  // namespace lariat::testing
