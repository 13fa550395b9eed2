#include <lariat/io/testing/detail/simulated_threads.hpp>

#include <lariat/sched/coroutine/detail/behalf.hpp>

#include <utility>

namespace lariat::io::testing {

simulated_threads::call& simulated_threads::take_call() {
  if (free_.empty()) {
    calls_.push_back(std::make_unique<call>(*this));
    return *calls_.back();
  }
  call& taken = *free_.back();
  free_.pop_back();
  return taken;
}

void simulated_threads::submit(lariat::detail::thread_operation& operation) noexcept {
  call& taken = take_call();
  taken.queued_ = &operation;
  world_.fire_after(taken, world_.some_delay());
}

void simulated_threads::post(runnable& step) noexcept {
  call& taken = take_call();
  taken.step_ = &step;
  world_.fire_after(taken, world_.some_delay());
}

bool simulated_threads::withdraw(lariat::detail::thread_operation& operation) noexcept {
  for (const auto& each : calls_) {
    if (each->queued_ != &operation) continue;
    each->unschedule();
    each->queued_ = nullptr;
    free_.push_back(each.get());
    return true;
  }
  return false;
}

void simulated_threads::call::fire() noexcept {
  if (queued_ != nullptr) {
    begun_ = std::exchange(queued_, nullptr)->call();
    owner_.world_.fire_after(*this, owner_.world_.some_delay());
    return;
  }
  runnable* const step = std::exchange(step_, nullptr);
  const auto begun = std::exchange(begun_, {});
  owner_.free_.push_back(this);
  if (step != nullptr) return owner_.run_step(*step);
  const lariat::detail::behalf here(begun.task);
  begun.function(begun.state);
}

void simulated_threads::run_step(runnable& step) noexcept {
  if (worker_ == nullptr) {
    pool_ = std::make_unique<lariat::pool>();
    worker_ = std::make_unique<lariat::detail::pool_core>(*pool_);
  }
  worker_->run_here(step);
}

void simulated_threads::finish() noexcept {
  while (pending() != 0) {
    for (std::size_t index = 0; index < calls_.size(); ++index) {
      if (!calls_[index]->scheduled()) continue;
      calls_[index]->unschedule();
      calls_[index]->fire();
    }
  }
}

}  // namespace lariat::io::testing
