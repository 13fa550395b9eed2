#include <lariat/sched/scope/exit_scope.hpp>

#include <utility>

namespace lariat {

task<std::exception_ptr> exit_scope::leave() {
  std::exception_ptr first;
  while (!cleanups_.empty()) {
    // Taken out of the list before it runs, because it may add another. Kept here while it runs,
    // because its coroutine uses its captures.
    const std::function<task<>()> cleanup = std::move(cleanups_.back());
    cleanups_.pop_back();
    try {
      co_await cleanup();
    } catch (...) {
      if (first == nullptr) first = std::current_exception();
    }
  }
  co_return first;
}

}  // namespace lariat
