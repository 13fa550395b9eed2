#pragma once

#include <source_location>
#include <string>
#include <string_view>

namespace lariat::detail {

/// "io/server.cpp:41", or "?" for a site that was not recorded.
[[nodiscard]] std::string site_text(std::source_location site);

/// What compilers say of a coroutine in std::source_location, as a person would write it:
/// "serve(int)", "serve(int)::<lambda(char)>".
[[nodiscard]] std::string function_text(std::string_view name);

}  // namespace lariat::detail
