#include <lariat/sched/detail/site_text.hpp>

namespace lariat::detail {

std::string site_text(std::source_location site) {
  if (site.line() == 0) return "?";
  return std::string(site.file_name()) + ':' + std::to_string(site.line());
}

}  // namespace lariat::detail
