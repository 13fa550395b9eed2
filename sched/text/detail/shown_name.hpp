#pragma once

#include <string>
#include <string_view>

namespace lariat::detail {

/// A name that comes from outside (a path, a task's or a lane's name, text that should be an
/// address), in a form that is safe in a message for people: one line, in valid UTF-8, without NULs
/// and control characters.
///
/// A plain name stands as it is. One that is empty, or has blanks, quotation marks or characters
/// that do not print, is put in double quotes, with the escapes of C: \n, \t, \0, \" and so on, and
/// \xNN for each other byte. The middle of a long name is left out, and its length is given.
[[nodiscard]] std::string shown_name(std::string_view name);

/// The same, but always in quotes, for places where a bare name would look like a word of the
/// sentence.
[[nodiscard]] std::string quoted_name(std::string_view name);

}  // namespace lariat::detail
