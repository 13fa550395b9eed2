// first: over-aligned results are misaligned in coroutine frames: return a pointer

#include <lariat/sched/task/task.hpp>

#ifdef CORRECT
struct line {
#else
struct alignas(64) line {
#endif
  char bytes[64];
};

lariat::task<line> work() { co_return line{}; }
