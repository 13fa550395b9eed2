#include <lariat/sched/sync/auto_reset_event.hpp>

namespace lariat {

void auto_reset_event::apply(std::uint64_t requests) noexcept {
  std::uint64_t sets = requests & ~all;
  for (; sets > 0 && !waiters_.empty(); --sets) waiters_.front().wake();
  if (sets > 0) set_ = true;
  if ((requests & all) != 0) waiters_.wake_all();
}

}  // namespace lariat
