#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace lariat::io::detail {

/// Throws what every failed I/O operation throws: the errno, the operation and its object, as in
/// "open /etc/shadow: Permission denied".
/// \param error A positive errno.
[[noreturn]] void throw_error(int error, std::string_view operation, std::string_view object = {});

}  // namespace lariat::io::detail
