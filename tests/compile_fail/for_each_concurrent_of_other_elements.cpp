// first: for_each_concurrent(range, limit, function) calls function(element), and cannot

#include <lariat/sched/scope/for_each_concurrent.hpp>

#include <string>

#ifdef CORRECT
using element = int;
#else
using element = std::string;
#endif

lariat::async_generator<int> numbers() { co_yield 1; }

lariat::task<> caller() {
  auto show = [](element) -> lariat::task<> { co_return; };
  co_await lariat::for_each_concurrent(numbers(), 4, show);
}
