#pragma once

#include <string>
#include <string_view>

namespace file_server {

/// Turns a request's target, "/a%20b/c?x" or "http://host/a%20b/c", into a path below the root,
/// "a b/c". It is empty or ends in "/" where a directory is meant.
///
/// \throws refusal 400 if it is no such target, has a bad escape, a NUL or a ".." in it.
[[nodiscard]] std::string path_of(std::string_view target);

/// The same target with a "/" at the end of its path, as a reference within this server.
[[nodiscard]] std::string with_slash(std::string_view target);

}  // namespace file_server
