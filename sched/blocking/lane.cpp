#include <lariat/sched/blocking/lane.hpp>

#include <lariat/sched/blocking/detail/lane_workers.hpp>
#include <lariat/sched/coroutine/detail/thread_state.hpp>

#include <utility>

namespace lariat {

lane::lane(std::string name, lane_options options)
    : workers_(std::make_unique<detail::lane_workers>(*this, std::move(name), options)) {}

lane::~lane() = default;

void lane::live_for_ever() noexcept { workers_->live_for_ever(); }

void lane::after_fork(void* self) noexcept {
  auto& all = *static_cast<lane*>(self);
  if (auto* const gathered = detail::call_gatherer::current(); gathered != nullptr) {
    gathered->forget();
  }
  all.workers_ = std::make_unique<detail::lane_workers>(all.workers_.release());
}

const std::string& lane::name() const noexcept { return workers_->name; }

unsigned lane::threads_max() const noexcept { return workers_->threads_max; }

std::size_t lane::queue_max() const noexcept { return workers_->queue_max; }

lane_metrics lane::metrics() const noexcept { return workers_->metrics(); }

lane* lane::current() noexcept {
  const auto* const self = detail::lane_workers::current();
  return self == nullptr ? nullptr : &self->owner.front;
}

const context* lane::current_task() noexcept { return detail::this_thread_state().lane_task; }

bool lane::submit(detail::thread_operation& call) noexcept { return workers_->submit(call); }

void lane::submit(detail::call_chain& calls) noexcept { workers_->submit(calls); }

bool lane::withdraw(detail::thread_operation& call) noexcept { return workers_->withdraw(call); }

void lane::call_ended() noexcept { workers_->call_ended(); }

void lane::nested_call_ended() noexcept { workers_->nested_call_ended(); }

}  // namespace lariat
