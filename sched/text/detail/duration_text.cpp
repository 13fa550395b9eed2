#include <lariat/sched/text/detail/duration_text.hpp>

#include <cstdio>

namespace lariat::detail {

std::string duration_text(std::int64_t ns) {
  const double us = static_cast<double>(ns) / 1e3;
  char text[32];
  if (us < 1e3) {
    std::snprintf(text, sizeof text, "%.3g us", us);
  } else if (us < 1e6) {
    std::snprintf(text, sizeof text, "%.3g ms", us / 1e3);
  } else {
    // The format would write 3600 as 3.6e+03.
    std::snprintf(text, sizeof text, us < 1e9 ? "%.3g s" : "%.0f s", us / 1e6);
  }
  return text;
}

}  // namespace lariat::detail
