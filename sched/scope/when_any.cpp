#include <lariat/sched/scope/when_any.hpp>

#include <stdexcept>

namespace lariat::detail {

void throw_when_any_of_none() {
  throw std::invalid_argument("lariat: when_any: the range is empty, so nothing can be first");
}

}  // namespace lariat::detail
