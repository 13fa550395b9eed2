#include <lariat/sched/channel/detail/queue_base.hpp>

#include <algorithm>
#include <stdexcept>

namespace lariat::detail {

void queue_base::task_done() {
  if (!here()) return request_count(1);
  if (undone_ == 0) {
    throw std::logic_error("lariat: queue::task_done: no item is left that could be done");
  }
  done_here(1);
}

void queue_base::done_here(std::size_t count) noexcept {
  undone_ -= count;
  if (undone_ == 0) waiters_.wake_all();
}

void queue_base::close() noexcept { here() ? close_here(false) : request_flag(closing); }

void queue_base::close_now() noexcept { here() ? close_here(true) : request_flag(closing_now); }

void queue_base::close_here(bool now) noexcept {
  closed_ = true;
  turn_away();
  // At most `undone_`, in case `task_done` was called for items that were never taken.
  if (now) done_here(std::min(discard(), undone_));
}

bool queue_base::closed() {
  require_here("queue::closed");
  return closed_;
}

void queue_base::apply(std::uint64_t requests) noexcept {
  const std::uint64_t done = requests & ~(closing | closing_now);
  if (done > undone_) {
    die_misused("queue::task_done, on another thread: no item is left that could be done.");
  }
  done_here(done);
  if ((requests & (closing | closing_now)) != 0) close_here((requests & closing_now) != 0);
}

}  // namespace lariat::detail
