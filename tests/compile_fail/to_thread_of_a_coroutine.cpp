// first: to_thread runs a plain function on a thread. A coroutine is awaited where it is, or runs

#include <lariat/sched/blocking/to_thread.hpp>
#include <lariat/sched/pool/to_pool.hpp>

lariat::task<int> one() { co_return 1; }

lariat::task<int> caller() {
#ifdef CORRECT
  co_return co_await lariat::to_pool(one);
#else
  co_return co_await lariat::to_thread(one);
#endif
}
