#include <lariat/sched/cancel/detail/cancellation_state.hpp>

#include <utility>

namespace lariat::detail {

bool cancellation_state::cancel(std::string reason) noexcept {
  // Relaxed: the stop request publishes the reason.
  if (claimed_.exchange(true, std::memory_order_relaxed)) return false;
  reason_ = std::move(reason);
  // A callback may drop the last source and token.
  stop_source(stop_).request_stop();
  return true;
}

void cancellation_state::follow(stop_token leader, const cancellation_state* of) {
  leaders_.emplace_front(std::move(leader), pass_on{*this, of});
}

void cancellation_state::pass_on::operator()() const noexcept {
  try {
    self.cancel(of == nullptr ? std::string() : of->reason());
  } catch (...) {
    self.cancel({});  // No memory for the reason.
  }
}

}  // namespace lariat::detail
