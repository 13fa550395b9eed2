#include "request_target.hpp"

#include "http.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace file_server {
namespace {

char unescape(std::string_view two_digits) {
  unsigned char value = 0;
  const char* end = two_digits.data() + two_digits.size();
  const auto [stop, error] = std::from_chars(two_digits.data(), end, value, 16);
  if (two_digits.size() != 2 || stop != end || error != std::errc()) throw refusal{400};
  return static_cast<char>(value);
}

std::string unescape_all(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      plain += unescape(text.substr(i + 1, 2));
      i += 2;
    } else {
      plain += text[i];
    }
    if (plain.back() == '\0') throw refusal{400};  // The kernel would see a shorter path.
  }
  return plain;
}

bool has_dot_dot(std::string_view path) {
  for (;;) {
    const std::size_t slash = path.find('/');
    if (path.substr(0, slash) == "..") return true;
    if (slash == path.npos) return false;
    path.remove_prefix(slash + 1);
  }
}

// Without the server's name, which clients of proxies send too.
std::string_view local_part(std::string_view target) {
  constexpr std::string_view scheme = "http://";
  if (!target.starts_with(scheme)) return target;
  const std::size_t slash = target.find('/', scheme.size());
  return slash == target.npos ? "/" : target.substr(slash);
}

}  // namespace

std::string path_of(std::string_view target) {
  target = local_part(target);
  if (!target.starts_with('/')) throw refusal{400};
  const std::string path = unescape_all(target.substr(0, target.find_first_of("?#")));
  if (has_dot_dot(path)) throw refusal{400};
  const std::size_t begin = path.find_first_not_of('/');
  return begin == path.npos ? std::string() : path.substr(begin);
}

std::string with_slash(std::string_view target) {
  target = local_part(target);
  const std::size_t end = std::min(target.find_first_of("?#"), target.size());
  const std::size_t begin = std::min(target.find_first_not_of('/'), end);
  // One "/" in front: "//host/" would lead to another server.
  std::string reference("/");
  return reference.append(target.substr(begin, end - begin)).append("/").append(target.substr(end));
}

}  // namespace file_server
