#include <lariat/sched/text/detail/site_text.hpp>

#include <cctype>
#include <cstddef>

namespace lariat::detail {
namespace {

constexpr std::string_view frame_end = ".Frame*)";
constexpr auto npos = std::string::npos;

// The innermost parenthesis that is open at `end`; npos if there is none.
std::size_t open_before(std::string_view text, std::size_t end) {
  int closed = 0;
  for (std::size_t at = end; at-- > 0;) {
    if (text[at] == ')') ++closed;
    if (text[at] == '(' && closed-- == 0) return at;
  }
  return npos;
}

// The place at which the parenthesis at `open` is closed; npos if it is not.
std::size_t close_behind(std::string_view text, std::size_t open) {
  int opened = 0;
  for (std::size_t at = open; at < text.size(); ++at) {
    if (text[at] == '(') ++opened;
    if (text[at] == ')' && --opened == 0) return at;
  }
  return npos;
}

// The beginning of the qualified name that ends at `end`.
std::size_t name_before(std::string_view text, std::size_t end) {
  while (end > 0) {
    const char c = text[end - 1];
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != ':') break;
    --end;
  }
  return end;
}

// g++ 12 names a coroutine by the function into which it turns it, whose parameter is the frame:
// "void serve(serve(int)::_Z5servei.Frame*)". The name in the source is to the left of "::_Z".
void replace_frames(std::string& name) {
  for (bool outermost = true;; outermost = false) {
    const auto end = outermost ? name.rfind(frame_end) : name.find(frame_end);
    if (end == npos) return;
    const bool whole = end + frame_end.size() == name.size();
    const auto mangled = name.rfind("::_Z", end);
    const auto open = mangled == npos ? npos : open_before(name, mangled);
    if (open == npos) return;
    const std::string source = name.substr(open + 1, mangled - open - 1);
    const auto begin = whole ? 0 : name_before(name, open);
    name.replace(begin, end + frame_end.size() - begin, source);
  }
}

// Turns clang's "auto f()::(anonymous class)::operator()(int) const" into g++'s
// "f()::<lambda(int)>".
void name_lambdas(std::string& name) {
  constexpr std::string_view call = "(anonymous class)::operator()";
  for (auto at = name.find(call); at != npos; at = name.find(call)) {
    const auto open = at + call.size();
    const auto close = open < name.size() ? close_behind(name, open) : npos;
    if (close == npos) return;
    std::string lambda = "<lambda" + name.substr(open, close + 1 - open) + '>';
    auto end = close + 1;
    if (constexpr std::string_view suffix = " const"; name.compare(end, 6, suffix) == 0) end += 6;
    name.replace(at, end - at, lambda);
    if (name.starts_with("auto ")) name.erase(0, 5);
  }
}

// g++ numbers the `auto` parameters of a file, as in "auto:11"; the numbers are removed.
void drop_numbers(std::string& name) {
  constexpr std::string_view numbered = "auto:";
  for (auto at = name.find(numbered); at != npos; at = name.find(numbered, at)) {
    at += numbered.size() - 1;
    auto end = at + 1;
    while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end])) != 0) ++end;
    if (end > at + 1) name.erase(at, end - at);
  }
}

}  // namespace

std::string site_text(std::source_location site) {
  if (site.line() == 0) return "?";
  return std::string(site.file_name()) + ':' + std::to_string(site.line());
}

std::string function_text(std::string_view name) {
  std::string text(name);
  replace_frames(text);
  name_lambdas(text);
  drop_numbers(text);
  return text;
}

}  // namespace lariat::detail
