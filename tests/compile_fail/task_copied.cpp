// expect-gcc: use of deleted function
// expect-clang: deleted
// expect: lariat::task<int>

#include <lariat/sched/task/task.hpp>

#include <utility>

lariat::task<int> take(lariat::task<int> body) {
#ifdef CORRECT
  lariat::task<int> other = std::move(body);
#else
  lariat::task<int> other = body;
#endif
  return other;
}
