#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/testing/detail/simulated_driver.hpp>
#include <lariat/io/testing/detail/simulated_kernel.hpp>
#include <lariat/io/testing/detail/simulated_threads.hpp>
#include <lariat/runtime/testing/simulation.hpp>
#include <lariat/sched/join_handle.hpp>
#include <lariat/sched/loop.hpp>

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

namespace lariat::testing {

/// What is inside a simulation: a kernel, and the loop that runs in it.
class simulation::machine {
 public:
  explicit machine(const simulation_options& options);
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;

  void run(task<> main);

  const simulation_options options;
  io::testing::simulated_kernel kernel;

  // For simulation_probe: a turn for each step, and a cancel of the main task at one of the points
  // where it is suspended between two steps.
  bool probing = false;
  std::uint64_t points = 0;
  std::uint64_t cancel_at = ~std::uint64_t{0};

 private:
  bool turn_ended() noexcept;
  bool got_stuck() noexcept;
  void check(const std::exception_ptr& error);
  void check_descriptors();
  [[nodiscard]] std::string title() const;
  static void add_failure(void* self, const unhandled_failure& failure) noexcept;

  io::testing::environment& world_;
  io::testing::simulated_driver driver_;
  io::testing::simulated_threads threads_;

  // Of the run that is under way.
  loop* loop_ = nullptr;
  const context* main_ = nullptr;
  bool done_ = false;
  int times_stuck_ = 0;
  std::string stuck_;
  std::vector<std::exception_ptr> failures_;
};

}  // namespace lariat::testing
