#include <lariat/sched/detail/pool_worker.hpp>

#include <lariat/sched/detail/pool_core.hpp>

#include <utility>

namespace lariat::detail {

void pool_worker::share() noexcept {
  forks_.share();
  core_.wake_one();
}

void pool_worker::lay_down(strand& keeper) noexcept {
  strand& running = current_strand();
  keeper = running;
  running = {std::exchange(spare_, frame_stack()), nullptr};
}

void pool_worker::take_up(const strand& keeper) noexcept {
  spare_.release();
  strand& running = current_strand();
  spare_ = running.frames;
  running = keeper;
}

}  // namespace lariat::detail
