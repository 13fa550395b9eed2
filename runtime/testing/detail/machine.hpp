#pragma once  // lint: allow(pragma) lint: allow(listed): of the sources only, not installed.

#include <lariat/io/testing/detail/simulated_driver.hpp>
#include <lariat/io/testing/detail/simulated_kernel.hpp>
#include <lariat/io/testing/detail/simulated_threads.hpp>
#include <lariat/runtime/testing/simulation.hpp>
#include <lariat/sched/loop/loop.hpp>
#include <lariat/sched/task/join_handle.hpp>

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

  // For simulation_probe: a turn for each step, and one cancel between two of them, of a task that
  // is suspended there. Such pairs of a moment and a task are numbered from 0, those of the main
  // task apart from those of all others.
  struct target_count {
    std::uint64_t seen = 0;
    std::uint64_t cancel_at = ~std::uint64_t{0};
  };
  bool probing = false;
  target_count main_task;
  target_count other_tasks;
  std::string cancelled;  // Whom, if it is another one.

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
  bool done_ = false;
  int times_stuck_ = 0;
  std::string stuck_;
  std::vector<std::exception_ptr> failures_;
};

}  // namespace lariat::testing
