// A generator's awaiter refers to the generator.
// first: this cannot be moved into a task of its own, as a generator's next(): await it in one

#include <lariat/sched/task/generator.hpp>
#include <lariat/sched/time/timeout.hpp>

#include <chrono>

lariat::async_generator<int> numbers() { co_yield 1; }

lariat::task<> caller() {
  lariat::async_generator<int> generator = numbers();
  const std::chrono::seconds second(1);
#ifdef CORRECT
  auto next = [&]() -> lariat::task<std::optional<int>> { co_return co_await generator.next(); };
  (void)co_await lariat::try_timeout(second, next());
#else
  (void)co_await lariat::try_timeout(second, generator.next());
#endif
}
