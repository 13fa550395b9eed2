#include <lariat/sched/detail/pool_worker.hpp>

#include <lariat/sched/detail/pool_core.hpp>

#include <utility>

namespace lariat::detail {

constinit thread_local strand current_strand;
constinit thread_local pool_worker* current_worker = nullptr;

void pool_worker::share() noexcept {
  forks_.share();
  core_.wake_one();
}

void pool_worker::lay_down(strand& keeper) noexcept {
  keeper = current_strand;
  current_strand = {std::exchange(spare_, frame_stack()), nullptr};
}

void pool_worker::take_up(const strand& keeper) noexcept {
  spare_.release();
  spare_ = current_strand.frames;
  current_strand = keeper;
}

}  // namespace lariat::detail
