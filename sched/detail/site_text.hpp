#pragma once

#include <source_location>
#include <string>

namespace lariat::detail {

/// "io/server.cpp:41", or "?" for a site that was not recorded.
[[nodiscard]] std::string site_text(std::source_location site);

}  // namespace lariat::detail
