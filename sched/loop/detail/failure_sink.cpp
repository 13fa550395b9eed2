#include <lariat/sched/loop/detail/failure_sink.hpp>

#include <lariat/sched/loop/detail/failure_text.hpp>

#include <cstdio>

namespace lariat::detail {

void failure_sink::set(hook told, void* state) noexcept {
  const std::lock_guard lock(mutex_);
  told_ = told;
  state_ = state;
}

void failure_sink::report(const unhandled_failure& failure) noexcept {
  const std::lock_guard lock(mutex_);
  if (told_ != nullptr) return told_(state_, failure);
  std::fprintf(stderr, "%s\n", failure_text(failure).c_str());
}

}  // namespace lariat::detail
