#include <lariat/sched/text/detail/shown_name.hpp>

#include <cstddef>
#include <cstdint>

namespace lariat::detail {
namespace {

// Longer than most paths, and only a few lines of a terminal.
constexpr std::size_t shown_max = 512;

struct character {
  std::uint32_t code = 0;
  std::size_t size = 0;  // In bytes; 0: it is not valid UTF-8.
};

bool continues(std::string_view text, std::size_t at) noexcept {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

// The character at the front of `text`, which is not empty. Strictly: the shortest form, and none
// of UTF-16's halves.
character first_of(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead < 0xc0   ? 0
                           : lead < 0xe0 ? 2
                           : lead < 0xf0 ? 3
                           : lead < 0xf8 ? 4
                                         : 0;
  if (size == 0) return {};
  std::uint32_t code = lead & (0x7fu >> size);
  for (std::size_t at = 1; at < size; ++at) {
    if (!continues(text, at)) return {};
    code = code << 6 | (static_cast<unsigned char>(text[at]) & 0x3fu);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool half = code >= 0xd800 && code < 0xe000;
  if (code < least[size] || code > 0x10ffff || half) return {};
  return {code, size};
}

// Whether a terminal or an editor would not simply show it: control characters, line ends, and
// characters that change the direction of writing.
bool is_control(std::uint32_t code) noexcept {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200e && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

void append_byte(std::string& text, char byte) {
  using namespace std::string_view_literals;
  constexpr std::string_view with_letters = "\0\a\b\t\n\v\f\r\"\\"sv;
  constexpr std::string_view letters = "0abtnvfr\"\\"sv;
  static_assert(with_letters.size() == letters.size());
  constexpr char digits[] = "0123456789abcdef";
  text += '\\';
  if (const std::size_t known = with_letters.find(byte); known != with_letters.npos) {
    text += letters[known];
    return;
  }
  const auto value = static_cast<unsigned char>(byte);
  text += 'x';
  text += digits[value >> 4];
  text += digits[value & 15];
}

// True if nothing had to be escaped and there is no blank.
bool append_escaped(std::string& text, std::string_view part) {
  bool plain = true;
  while (!part.empty()) {
    const character next = first_of(part);
    const std::size_t size = next.size == 0 ? 1 : next.size;
    const bool shown =
        next.size != 0 && !is_control(next.code) && next.code != '"' && next.code != '\\';
    if (shown) {
      text += part.substr(0, size);
      plain = plain && next.code != ' ';
    } else {
      for (const char byte : part.substr(0, size)) append_byte(text, byte);
      plain = false;
    }
    part.remove_prefix(size);
  }
  return plain;
}

// The first place from `at` on that does not cut a character in two.
std::size_t forward_to_character(std::string_view text, std::size_t at) noexcept {
  for (int i = 0; i < 3 && continues(text, at); ++i) ++at;
  return at;
}

std::string quoted_text(const std::string& escaped) { return '"' + escaped + '"'; }

std::string shortened(std::string_view name) {
  const std::size_t head = forward_to_character(name, shown_max / 2);
  const std::size_t tail = forward_to_character(name, name.size() - shown_max / 2);
  std::string text;
  append_escaped(text, name.substr(0, head));
  text += "...";
  append_escaped(text, name.substr(tail));
  return quoted_text(text) + " (" + std::to_string(name.size()) + " bytes)";
}

}  // namespace

std::string shown_name(std::string_view name) {
  if (name.size() > shown_max) return shortened(name);
  std::string text;
  const bool plain = append_escaped(text, name);
  return plain && !name.empty() ? text : quoted_text(text);
}

std::string quoted_name(std::string_view name) {
  if (name.size() > shown_max) return shortened(name);
  std::string text;
  append_escaped(text, name);
  return quoted_text(text);
}

}  // namespace lariat::detail
