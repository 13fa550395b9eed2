// expect-gcc: use of deleted function
// expect-clang: deleted
// expect: lariat::join_handle<int>

#include <lariat/sched/task/join_handle.hpp>

#include <utility>

void take(lariat::join_handle<int> handle) {
#ifdef CORRECT
  lariat::join_handle<int> other = std::move(handle);
#else
  lariat::join_handle<int> other = handle;
#endif
  other.detach();
}
