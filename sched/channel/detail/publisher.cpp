#include <lariat/sched/channel/detail/publisher.hpp>

#include <stdexcept>
#include <string>

namespace lariat::detail {

void publisher::check_open(const char* operation) const {
  if (closed_) throw std::logic_error(std::string("lariat: ") + operation + ": it is closed");
}

}  // namespace lariat::detail
