// first: for_each_concurrent takes a function that gives a task, and this one gives something else

#include <lariat/sched/scope/for_each_concurrent.hpp>

#include <utility>
#include <vector>

lariat::task<> caller(std::vector<int> numbers) {
#ifdef CORRECT
  auto show = [](int) -> lariat::task<> { co_return; };
#else
  auto show = [](int) {};
#endif
  co_await lariat::for_each_concurrent(std::move(numbers), 4, show);
}
