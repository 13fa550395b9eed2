#pragma once

#include <source_location>
#include <string>
#include <string_view>

namespace lariat::detail {

/// "io/server.cpp:41", or "?" for a site that was not recorded.
[[nodiscard]] std::string site_text(std::source_location site);

/// A coroutine's name, as compilers give it in std::source_location, in the form that a person
/// would write: "serve(int)", "serve(int)::<lambda(char)>".
[[nodiscard]] std::string function_text(std::string_view name);

}  // namespace lariat::detail
