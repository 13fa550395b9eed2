#include <lariat/sched/concurrent/concurrent_mutex.hpp>

#include <stdexcept>

namespace lariat {

void concurrent_lock_operation::before_wait() {
  // Relaxed: see `concurrent_mutex::holder_`.
  if (waiter() != nullptr &&
      wanted().holder_.load(std::memory_order_relaxed) == task_context().id()) {
    throw std::logic_error(
        "lariat: concurrent_mutex::lock: the task holds it already, so it would wait for itself");
  }
}

}  // namespace lariat
