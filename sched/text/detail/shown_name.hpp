#pragma once

#include <string>
#include <string_view>

namespace lariat::detail {

/// A name that comes from outside (a path, a task's or a lane's name, text that was to be an
/// address) as a part of a message that people read: one line, in valid UTF-8, without a NUL, that
/// moves no terminal's cursor.
///
/// A plain name stands as it is. One that is empty, or has blanks, quotation marks or characters
/// that do not print, is put in double quotes, with the escapes of C: \n, \t, \0, \" and so on, and
/// \xNN for each other byte. Of a long name the middle is left out, and its length is told.
[[nodiscard]] std::string shown_name(std::string_view name);

/// The same, in quotes always: for where a bare name would look like a word of the sentence.
[[nodiscard]] std::string quoted_name(std::string_view name);

}  // namespace lariat::detail
