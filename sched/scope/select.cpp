#include <lariat/sched/scope/select.hpp>

#include <stdexcept>

namespace lariat::detail {

void throw_select_of_none() {
  throw std::invalid_argument("lariat: select of an empty range: it would never end");
}

}  // namespace lariat::detail
